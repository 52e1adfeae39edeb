"""Records in customers' zones: what is planned, written and undone."""
