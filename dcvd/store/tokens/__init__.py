"""The tables of API tokens."""
