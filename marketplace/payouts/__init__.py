"""What sellers earned, and how it reaches them: accounts at the payment provider, transfers, statements."""
