"""Where a graph leaves its model: the first module, line and operator that compute something else.

`locate()` in `locate.py` is the entrance. It runs only after values were found to differ.
"""
