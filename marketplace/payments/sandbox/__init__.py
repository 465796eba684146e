"""A payment provider to practise with: a server of its own that answers, over HTTP, the part of Stripe's API that we call.

It shares no code with the market; it knows only the provider's published protocol. It is as strict about parameters,
idempotency keys and states as the provider, keeps its books in its own file, and fails on request. No money moves.
Start it with `python -m marketplace.payments.sandbox --help`.
"""
