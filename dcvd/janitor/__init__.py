"""Housekeeping: what has outlived its use is removed, a little at a time, and the file is kept in shape."""

from dcvd.janitor.janitor import Janitor
from dcvd.janitor.resealer import Resealer

__all__ = ["Janitor", "Resealer"]
