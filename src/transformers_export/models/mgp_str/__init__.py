"""MGP-STR."""
