"""What a buyer may say, given what was really done: pure rules on dated data, no opinion of their own.

`judge` decides which wordings are allowed, `wording` writes them out, `words` finds words that must not be used.
The data files name their edition; keep it with every decision that was based on it.
"""
