"""Whether the daemon lives, and whether each of its parts works."""
