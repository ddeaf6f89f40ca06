"""Reading a repository's Python without importing it: trees of files, and readers of what the files say.

Nothing of what is read is ever executed, and nothing is guessed: what a reader does not understand it reports.
"""
