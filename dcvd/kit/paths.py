"""Where a path leads."""

import errno
import os
from pathlib import Path


def follow_links(path: Path) -> Path:
    """Return the absolute path without links that a path leads to, whether or not anything is there.

    Raises OSError (ELOOP) for a link that leads to itself. `Path.resolve` raises RuntimeError for one before
    Python 3.13, and nothing since.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise
    return Path(os.path.realpath(path))
