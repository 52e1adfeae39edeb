"""The domains of an organization in its dashboard."""
