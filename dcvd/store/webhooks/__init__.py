"""The tables of endpoints, deliveries and attempts."""
