"""A stop at any instant of any work, and the start after it."""
