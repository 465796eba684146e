"""The market: inventory, quotes, orders, money and cancellations."""
