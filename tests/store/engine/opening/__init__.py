"""Tests of what comes before SQLite opens the database."""
