"""A delivery as a command line, for its developer to repeat it."""

import shlex
from collections.abc import Mapping
from typing import Final

_GLOB_CHARACTERS: Final = frozenset("[]{}")


def curl_command(url: str, headers: Mapping[str, str], body: bytes) -> str:
    """One command for a POSIX shell that posts exactly this body with these headers.

    curl adds Accept, User-Agent and Content-Type where `headers` do not name them. Raises UnicodeDecodeError for a body
    that is not UTF-8, which no command line could carry; an event's body always is.
    """
    words = ["curl", "-i", "-X", "POST"]
    if _GLOB_CHARACTERS & set(url):
        words.append("--globoff")
    if "/." in url:
        words.append("--path-as-is")
    words.append(url)
    for name, value in headers.items():
        # `Name:` would take the header away; `Name;` is how curl sends an empty one.
        words += ["-H", f"{name}: {value}" if value.strip() else f"{name};"]
    # Not --data-binary, which would read a file for a body that begins with `@`.
    words += ["--data-raw", body.decode()]
    return shlex.join(words)
