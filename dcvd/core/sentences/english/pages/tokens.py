"""English: the pages of tokens and sessions."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TOKENS: Final[Mapping[str, str]] = MappingProxyType({})
"""The templates by their ids."""
