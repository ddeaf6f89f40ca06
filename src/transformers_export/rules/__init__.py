"""The static rules, one a file: each `find` looks at what the readers read and says what is wrong, and where."""
