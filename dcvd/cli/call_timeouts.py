"""How long a command waits for the daemon."""

import os
from collections.abc import Mapping
from typing import Final

from dcvd.core.durations import parse_duration
from dcvd.core.instants import to_seconds
from dcvd.errors import InvalidInput

TIMEOUT_VARIABLE: Final = "DCVD_TIMEOUT"
_USUAL: Final = "30s"


def find_timeout_s(environ: Mapping[str, str] = os.environ, *, usual: str = _USUAL) -> float:
    """Return the seconds for one call, and between two pieces of an answer that is streamed. Raises InvalidInput."""
    given = environ.get(TIMEOUT_VARIABLE) or usual
    try:
        timeout = parse_duration(given)
    except ValueError as error:
        raise InvalidInput(TIMEOUT_VARIABLE, f"${TIMEOUT_VARIABLE}: {error}") from error
    if not timeout:
        raise InvalidInput(TIMEOUT_VARIABLE, f"${TIMEOUT_VARIABLE} has to be longer than {given}: such as {usual}.")
    return to_seconds(timeout)
