"""The exit codes, beside click's own 2 for wrong usage; 75 and 78 are from sysexits.h."""

import os
from typing import Final

from dcvd.errors import ConfigError, DatabaseLocked, DatabaseUnusable, DcvdError

FAILED: Final = 1
INTERRUPTED: Final = 130  # as a shell reports a process that SIGINT ended


def exit_code(error: DcvdError) -> int:
    """Return 78 for a bad configuration or an unusable database, 75 if waiting helps, else 1."""
    match error:
        case ConfigError() | DatabaseUnusable():
            return os.EX_CONFIG
        case DatabaseLocked():
            return os.EX_TEMPFAIL
        case _:
            return FAILED
