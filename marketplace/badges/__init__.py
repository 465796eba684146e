"""What a badge may say today, of a certificate or of a product: the facts, put before the rules of claims."""
