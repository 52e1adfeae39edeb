"""English: the pages of the overview."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OVERVIEW: Final[Mapping[str, str]] = MappingProxyType(
    {
        "done_session_ended": "The session has ended.",
    }
)
"""The templates by their ids."""
