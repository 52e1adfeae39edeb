"""Secrets at rest: keys, and the values that they seal."""
