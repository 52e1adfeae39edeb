"""Backups: how one is made, named, noted, and read again."""
