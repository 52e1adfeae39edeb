"""Credentials that a search finds wherever they have got to; see `leaks`."""

from tests.leaks import MARK


def marked(name: object) -> str:
    """A token, code, key or password of a test."""
    return f"{MARK}-{name}"
