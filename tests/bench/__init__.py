"""Benchmarks: `make bench` runs every one, prints a table and writes build/bench.json. Figures are medians."""
