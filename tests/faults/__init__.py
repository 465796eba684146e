"""Faults in numbers (docs/faults.md): a seeded part of each run by default, the full count with ASHIATO_FAULTS=full."""
