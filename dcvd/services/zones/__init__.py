"""Zones: claimed as a whole, proved by one record, and what their proof does for the names in them."""
