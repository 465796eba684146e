"""A registry of invented credits: a server of its own, with its own database, that speaks docs/registry-protocol.md.

It stands where a real registry would stand, so it trusts nothing the market says: it keeps its own books and refuses a
double cancellation by itself. It shares the shapes of the protocol with
the market, and the pencil that draws PDFs, but no thought about who holds what.
"""
