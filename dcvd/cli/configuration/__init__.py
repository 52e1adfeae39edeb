"""`dcvd config`: what is in force, what the defaults are, and whether a file is right."""
