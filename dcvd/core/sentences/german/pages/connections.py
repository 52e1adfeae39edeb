"""German: the pages of connections to DNS providers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CONNECTIONS: Final[Mapping[str, str]] = MappingProxyType({})
"""The templates by their ids."""
