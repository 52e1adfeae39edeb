"""Where browsers come back to from DNS providers."""
