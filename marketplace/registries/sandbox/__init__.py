"""A registry of invented credits: a server of its own, with its own database, that speaks docs/registry-protocol.md.

It stands where a real registry would stand, so it trusts nothing the market says: it keeps its own books and refuses a
double cancellation by itself. Nothing in it is shared with the market but the shapes of the protocol.
"""
