"""Connections: created, used, refreshed and removed."""
