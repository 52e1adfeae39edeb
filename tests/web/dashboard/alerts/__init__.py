"""The pages of the contacts for alerts."""
