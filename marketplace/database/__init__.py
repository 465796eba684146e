"""Connections, transactions and migrations; the only place that knows which database is underneath."""
