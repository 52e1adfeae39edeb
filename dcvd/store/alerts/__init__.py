"""Contacts for alerts, what is gathered for them, and the messages to them."""
