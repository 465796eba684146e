"""What organisations are told of their own affairs: a feed of events, and webhooks that carry the same events to them."""
