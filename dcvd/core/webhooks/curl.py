"""A delivery as a curl command, with which the receiver's developer can repeat it."""

import shlex
from collections.abc import Mapping
from typing import Final

_GLOB_CHARACTERS: Final = frozenset("[]{}")


def curl_command(url: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return a command for a POSIX shell that posts exactly this body with these headers.

    curl adds Accept, User-Agent and Content-Type where `headers` do not name them. Raises UnicodeDecodeError for a body
    that is not UTF-8, which no command line can carry; an event's body is always UTF-8.
    """
    words = ["curl", "-i", "-X", "POST"]
    if _GLOB_CHARACTERS & set(url):
        words.append("--globoff")
    if "/." in url:
        words.append("--path-as-is")
    words.append(url)
    for name, value in headers.items():
        # `Name:` would remove the header; with `Name;` curl sends an empty one.
        words += ["-H", f"{name}: {value}" if value.strip() else f"{name};"]
    # --data-binary would read a file where the body begins with `@`.
    words += ["--data-raw", body.decode()]
    return shlex.join(words)
