"""Random weeks of the market: every fault at once, one seed each, and at the end every paid order is served or paid back.

`python -m tests.simulation --seeds 10000` is the full run; CI plays a few seeds on both databases. A seed replays alike: one
job runs at a time, and chance comes from the seed alone.
"""
