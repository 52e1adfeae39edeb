"""German: the pages of the overview."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OVERVIEW: Final[Mapping[str, str]] = MappingProxyType(
    {
        "done_session_ended": "Die Sitzung ist beendet.",
    }
)
"""The templates by their ids."""
