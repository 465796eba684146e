"""Those who hold credits and sell them here: what they hold, on which terms they offer it, and what became of it."""
