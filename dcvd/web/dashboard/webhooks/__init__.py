"""Pages of endpoints, deliveries and their attempts."""
