"""Sealed columns, and the records of the keys that open them."""
