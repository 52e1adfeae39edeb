"""Pages of connections to DNS providers."""
