"""`dcvd domain`: its commands, and the files that they read."""
