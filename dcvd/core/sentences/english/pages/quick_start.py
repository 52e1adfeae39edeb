"""English: the pages of the quick start."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

QUICK_START: Final[Mapping[str, str]] = MappingProxyType({})
"""The templates by their ids."""
