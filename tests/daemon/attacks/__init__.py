"""Attacks on a daemon's listeners, by a process of their own."""
