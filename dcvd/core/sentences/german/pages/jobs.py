"""German: the pages of jobs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

JOBS: Final[Mapping[str, str]] = MappingProxyType({})
"""The templates by their ids."""
