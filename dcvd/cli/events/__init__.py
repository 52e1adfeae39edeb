"""`dcvd event`: the events of all organizations, listed and followed."""
