"""Records in customers' zones: planned, written and undone."""
