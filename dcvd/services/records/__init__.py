"""Records in customers' zones: planned, written, undone."""
