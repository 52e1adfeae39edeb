"""A member of a JSON document by its path, such as `links.pages.next`; a number is a place in a list."""

import re
from typing import Any, Final

_PATH: Final = re.compile(r"[A-Za-z0-9_$-]+(?:\.[A-Za-z0-9_$-]+)*", re.ASCII)
_LONGEST_INDEX: Final = 6


def validate_member_path(text: str) -> str:
    """The path, if it is one, or "" for the document itself. Raises ValueError."""
    if text and _PATH.fullmatch(text) is None:
        raise ValueError("not the path of a member")
    return text


def get_member(document: Any, path: str) -> Any:
    """What stands there; None where nothing does."""
    for part in path.split(".") if path else ():
        match document:
            case dict():
                document = document.get(part)
            case list() if part.isdecimal() and len(part) <= _LONGEST_INDEX and int(part) < len(document):
                document = document[int(part)]
            case _:
                return None
    return document
