"""What a certificate says, laid out for the reports and declarations that ask for it."""
