"""Badges: small pictures on somebody else's page that tell the truth about a certificate or a product by themselves."""
