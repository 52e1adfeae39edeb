"""English: errors about jobs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

JOBS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "job_unknown": "There is no job {job}.",
        "job_done": "The job {job} is done; there is nothing to retry.",
        "cause_incomplete": "The cause is not complete: give the kind of the jobs and the code of the error.",
    }
)
"""The templates by their ids."""
