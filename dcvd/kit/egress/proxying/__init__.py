"""The way through a proxy that the operator names."""
