"""Domains: their names, the records they need, and what is observed of them."""
