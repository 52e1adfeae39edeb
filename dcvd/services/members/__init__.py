"""Members: invited, listed, changed and removed; each in a module of its own."""
