"""The exit codes, beside click's own 2 for wrong usage; 75 and 78 are sysexits.h's."""

import os
from typing import Final

from dcvd.errors import ConfigError, DatabaseLocked, DatabaseUnusable, DcvdError

FAILED: Final = 1
INTERRUPTED: Final = 130  # as a shell reports a process that SIGINT ended


def exit_code(error: DcvdError) -> int:
    """78 for the configuration and for a database that a person has to see to, 75 where waiting helps, else 1."""
    match error:
        case ConfigError() | DatabaseUnusable():
            return os.EX_CONFIG
        case DatabaseLocked():
            return os.EX_TEMPFAIL
        case _:
            return FAILED
