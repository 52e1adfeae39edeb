"""English: the pages of the audit."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

AUDIT: Final[Mapping[str, str]] = MappingProxyType({})
"""The templates by their ids."""
