"""Zones that an organization proves as a whole."""
