"""Records in customers' zones: planning, writing and undoing them."""
