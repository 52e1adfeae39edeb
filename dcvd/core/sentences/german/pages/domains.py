"""German: the pages of domains, and one domain."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DOMAINS: Final[Mapping[str, str]] = MappingProxyType({})
"""The templates by their ids."""
