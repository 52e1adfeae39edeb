"""The writer: units of work, the commits that they share, and what is known of both."""
