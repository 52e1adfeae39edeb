"""Terminals: tables, colours, and signals that end a command."""
