"""Products of an organisation: what a unit emits, how many units are covered by certificates, and how many were sold."""
