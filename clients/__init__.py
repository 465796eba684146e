"""Clients in other people's programs: what is ours of them, and how the rest is generated."""
