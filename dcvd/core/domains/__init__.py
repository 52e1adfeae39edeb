"""Domains: their names, the records that they need, and what is observed about them."""
