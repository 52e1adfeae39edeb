"""Pages of operators: how all of it is doing, and what all organizations have."""
