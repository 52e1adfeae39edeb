"""Limits on how much is done at once or in a span of time, and on how much is remembered."""
