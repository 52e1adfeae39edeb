"""The demo's directory, and another one for its socket if a path in the first is too long for a socket."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dcvd.config.sections import SOCKET_PATH_LIMIT
from dcvd.errors import DcvdError

_NAME: Final = "dcvd.sock"
_SHORT_PARENTS: Final = (Path("/tmp"), Path("/var/tmp"), Path("/run"))  # noqa: S108  # only parents of a directory of its own
_PREFIX: Final = "dcvd-demo-"


def make_private_directory() -> tempfile.TemporaryDirectory[str]:
    """Make the demo's directory, which is removed at the end with all that is in it."""
    return tempfile.TemporaryDirectory(prefix=_PREFIX)


@contextmanager
def socket_path(directory: Path, short_parents: Sequence[Path] = _SHORT_PARENTS) -> Iterator[Path]:
    """Yield a path for a socket, in this directory or, if that path is too long, in another private one.

    The other directory is below $XDG_RUNTIME_DIR or one of `short_parents`, and is removed at the end. Raises DcvdError
    when no path is short enough.
    """
    path = directory / _NAME
    if _fits(path):
        yield path
        return
    with _short_directory(path, short_parents) as short:
        yield Path(short, _NAME)


def _short_directory(wanted: Path, short_parents: Sequence[Path]) -> tempfile.TemporaryDirectory[str]:
    refusals: list[str] = []
    for parent in [*_runtime_parent(), *short_parents]:
        try:
            directory = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=parent)
        except OSError as error:
            refusals.append(f"{parent}: {error.strerror}")
            continue
        if _fits(Path(directory.name, _NAME)):
            return directory
        directory.cleanup()
        refusals.append(f"{parent}: too long")
    raise DcvdError(
        f"The demo has no place for its socket: {wanted} has {len(bytes(wanted))} bytes, of which a socket's path may "
        f"have {SOCKET_PATH_LIMIT}, and nothing shorter can be used ({'; '.join(refusals)}). "
        "Set $TMPDIR to a short directory.",
        code="no_place_for_socket",
    )


def _runtime_parent() -> list[Path]:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return [Path(runtime)] if runtime.startswith("/") else []


def _fits(path: Path) -> bool:
    return len(bytes(path)) <= SOCKET_PATH_LIMIT
