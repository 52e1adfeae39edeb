"""Pages of the quick start."""
