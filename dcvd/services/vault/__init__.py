"""The vault's keys, and the values that they seal."""
