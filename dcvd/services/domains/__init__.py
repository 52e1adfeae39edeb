"""Domains: added, read and removed, one by one or in bulk."""
