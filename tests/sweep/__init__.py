"""Faults of the machine, made one after the other."""
