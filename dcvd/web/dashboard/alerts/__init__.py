"""Pages of the contacts for alerts."""
