"""Domains over HTTP: one by one, in bulk, and as CSV."""
