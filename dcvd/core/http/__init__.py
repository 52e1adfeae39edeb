"""The rules of HTTP that need no network."""
