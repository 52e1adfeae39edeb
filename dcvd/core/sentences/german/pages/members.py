"""German: the pages of the people of an organization, and whom alerts tell."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEMBERS: Final[Mapping[str, str]] = MappingProxyType({})
"""The templates by their ids."""
