"""Connections: made, used, renewed and ended."""
