"""Sealed columns, and the keys that open them."""
