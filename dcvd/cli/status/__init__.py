"""The overview of the whole on a terminal: once, or live."""
