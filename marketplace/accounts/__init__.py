"""Who is there: people, their organisations, and everything that opens a door."""
