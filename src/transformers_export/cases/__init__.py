"""Cases: what to export (`plan`), and how each one is run in a process of its own."""
