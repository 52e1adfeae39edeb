"""The target of a request that names the host, as clients send it to a proxy (RFC 9112, section 3.2.2)."""

import re
from typing import Final, NamedTuple

# Without user information, by which a target could look like another host's (RFC 9110, section 4.2.4).
_ABSOLUTE_FORM: Final = re.compile(rb"https?://([^/?#@\s]+)(/[^?#\s]*)?(\?[^#\s]*)?", re.IGNORECASE)


class AbsoluteTarget(NamedTuple):
    """host: with its port, if it has one. path: with its query."""

    host: bytes
    path: bytes


def parse_absolute_target(target: bytes) -> AbsoluteTarget | None:
    """Return the parts of a target in absolute form; None for one that is wrong."""
    match = _ABSOLUTE_FORM.fullmatch(target)
    return None if match is None else AbsoluteTarget(match[1], (match[2] or b"/") + (match[3] or b""))
