"""The vault's keys, and what they seal."""
