"""Putting dcvd in place, and examining it."""
