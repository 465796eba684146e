"""Monthly plans: what a household's electricity emits, offset month by month."""
