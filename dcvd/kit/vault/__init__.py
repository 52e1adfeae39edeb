"""Secrets at rest: keys, and values that are sealed with them."""
