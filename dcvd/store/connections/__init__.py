"""The tables of connections to DNS providers."""
