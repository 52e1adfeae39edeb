"""Putting dcvd in place on a machine, and looking whether it is well there."""
