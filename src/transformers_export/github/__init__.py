"""Speaking with GitHub: the event, commands to the runner, the comment. Takes strings and knows no verdict."""
