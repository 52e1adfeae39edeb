"""What every page has: its frame, its words, its files, and what a browser may do with it."""
