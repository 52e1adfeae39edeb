"""Moves what the predecessor knew of its organizations here: ids and secrets stay, and nothing is sent to anybody."""
