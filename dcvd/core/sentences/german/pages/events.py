"""German: the pages of events."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EVENTS: Final[Mapping[str, str]] = MappingProxyType({})
"""The templates by their ids."""
