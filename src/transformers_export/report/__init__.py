"""A verdict as people read it: Markdown for the comment and the job summary, and what to annotate.

Everything here takes a `Verdict` and returns values; nothing here writes a file or knows of GitHub's API.
"""
