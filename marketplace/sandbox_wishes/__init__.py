"""What a programmer asks a sandbox to do to an order: pay it, decline its card, let its registry fail. A live service has none of it."""
