"""Money paid ahead that its payer's bank or the provider's pages take back."""
