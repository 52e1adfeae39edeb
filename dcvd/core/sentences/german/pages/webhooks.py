"""German: the pages of endpoints, deliveries and their attempts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WEBHOOKS: Final[Mapping[str, str]] = MappingProxyType({})
"""The templates by their ids."""
