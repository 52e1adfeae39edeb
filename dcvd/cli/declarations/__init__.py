"""`dcvd export` and `dcvd apply`: organizations, with what they have settled, as a file."""
