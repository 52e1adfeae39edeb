"""Completion in shells: of commands and options without importing any command, and of organizations' names."""
