"""English: the pages of the overview."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OVERVIEW: Final[Mapping[str, str]] = MappingProxyType(
    {
        "overview_begin": "Begin with a domain",
        "overview_begin_explained": (
            "There is no domain here yet. The quick start leads from a token to a domain that works."
        ),
        "overview_well": "Nothing that worked is broken, as far as you may see.",
        "overview_broken": "Broken after they worked",
        "overview_at_least": "{count}+",
        "overview_dead": "Dead letters: {count}",
        "overview_dead_many": "Dead letters: more than {count}",
        "done_session_ended": "The session has ended.",
    }
)
"""The templates by their ids."""
