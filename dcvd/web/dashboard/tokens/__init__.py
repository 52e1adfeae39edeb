"""Pages of tokens and sessions."""
