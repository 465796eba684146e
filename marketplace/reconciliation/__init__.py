"""Day by day: what we believe of each registry account against what its registry says. Differences become cases for a person."""
