"""Access to a member of a JSON document by a path such as `links.pages.next`; a number is an index of a list."""

import re
from typing import Any, Final

_PATH: Final = re.compile(r"[A-Za-z0-9_$-]+(?:\.[A-Za-z0-9_$-]+)*", re.ASCII)
_MAX_INDEX_DIGITS: Final = 6


def validate_member_path(text: str) -> str:
    """Return the path, which may be "" for the document itself. Raises ValueError if it is no path."""
    if text and _PATH.fullmatch(text) is None:
        raise ValueError("not the path of a member")
    return text


def get_member(document: Any, path: str) -> Any:
    """Return the value at a path of a document, or None where there is none."""
    for part in path.split(".") if path else ():
        match document:
            case dict():
                document = document.get(part)
            case list() if part.isdecimal() and len(part) <= _MAX_INDEX_DIGITS and int(part) < len(document):
                document = document[int(part)]
            case _:
                return None
    return document
