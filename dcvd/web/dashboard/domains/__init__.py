"""Pages of domains, and one domain."""
