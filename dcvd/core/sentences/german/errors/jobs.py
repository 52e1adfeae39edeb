"""German: errors about jobs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

JOBS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "job_unknown": "Es gibt keinen Auftrag {job}.",
        "job_done": "Der Auftrag {job} ist erledigt; es gibt nichts zu wiederholen.",
        "cause_incomplete": (
            "Die Ursache ist nicht vollständig: Geben Sie die Art der Aufträge und den Code des Fehlers an."
        ),
    }
)
"""The templates by their ids."""
