"""`dcvd domain`: its commands and the files they read."""
