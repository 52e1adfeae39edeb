"""German: the pages of the overview."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OVERVIEW: Final[Mapping[str, str]] = MappingProxyType(
    {
        "overview_begin": "Beginnen Sie mit einer Domain",
        "overview_begin_explained": (
            "Hier gibt es noch keine Domain. Der Schnellstart führt von einem Token zu einer Domain, die läuft."
        ),
        "overview_well": "Nichts, was lief, ist gestört, soweit Sie das sehen dürfen.",
        "overview_broken": "Gestört, nachdem sie liefen",
        "overview_at_least": "mindestens {count}",
        "overview_dead": "Unzustellbare Sendungen: {count}",
        "overview_dead_many": "Unzustellbare Sendungen: mehr als {count}",
        "done_session_ended": "Die Sitzung ist beendet.",
    }
)
"""The templates by their ids."""
