"""Where the demo keeps its files, and where its socket goes when the path there would be too long for one."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dcvd.errors import DcvdError

_NAME: Final = "dcvd.sock"
_LONGEST: Final = 107  # bytes; sun_path of unix(7), less its final NUL
_SHORT: Final = (Path("/tmp"), Path("/var/tmp"), Path("/run"))  # noqa: S108  # only parents of a directory of its own
_PREFIX: Final = "dcvd-demo-"


def make_private_directory() -> tempfile.TemporaryDirectory[str]:
    """Removed with all that is in it."""
    return tempfile.TemporaryDirectory(prefix=_PREFIX)


@contextmanager
def socket_path(directory: Path) -> Iterator[Path]:
    """A path for a socket in a directory that nobody else can enter: this one, or where that is too long another one.

    The other one is removed at the end. Raises DcvdError when there is no place for it.
    """
    wanted = directory / _NAME
    if _fits(wanted):
        yield wanted
        return
    with _short_directory(wanted) as short:
        yield Path(short, _NAME)


def _short_directory(wanted: Path) -> tempfile.TemporaryDirectory[str]:
    refusals: list[str] = []
    for parent in _parents():
        try:
            made = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=parent)
        except OSError as error:
            refusals.append(f"{parent}: {error.strerror}")
            continue
        if _fits(Path(made.name, _NAME)):
            return made
        made.cleanup()
        refusals.append(f"{parent}: too long")
    raise DcvdError(
        f"The demo has no place for its socket: {wanted} has {len(bytes(wanted))} bytes, of which a socket's path may "
        f"have {_LONGEST}, and nothing shorter can be used ({'; '.join(refusals)}). Set $TMPDIR to a short directory.",
        code="no_place_for_socket",
    )


def _parents() -> list[Path]:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return [*([Path(runtime)] if runtime.startswith("/") else []), *_SHORT]


def _fits(path: Path) -> bool:
    return len(bytes(path)) <= _LONGEST
