"""What a tenant attaches to a domain for their own use: an id, and labels with texts."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from dcvd.errors import InvalidInput

MAX_EXTERNAL_ID_CHARS: Final = 255
MAX_LABELS: Final = 32
MAX_VALUE_CHARS: Final = 255
MAX_CHARS: Final = 4096
"""Characters of all labels of a domain, keys and values: each of its events carries them."""
KEY_PATTERN: Final = "[a-z][a-z0-9_.-]{0,62}"
"""No key is a number, so that JavaScript keeps the order of keys."""

_KEY: Final = re.compile(KEY_PATTERN)
_MAX_SHOWN_CHARS: Final = 80


class LabelsChange(Struct, frozen=True, kw_only=True):
    """A change of what is attached to a domain; what is UNSET stays.

    labels: those to set and, with None, those to remove; None alone removes all (RFC 7396).
    """

    external_id: str | UnsetType | None = UNSET
    labels: Mapping[str, str | None] | UnsetType | None = UNSET


def validate_external_id(external_id: str | None) -> str | None:
    """Return a tenant's own id of a domain. Raises InvalidInput for one that is empty, too long or not printable."""
    if external_id is None:
        return None
    if not external_id:
        raise InvalidInput("externalId", "externalId is empty; give a text, or null for none.")
    _check_text("externalId", external_id, MAX_EXTERNAL_ID_CHARS)
    return external_id


def validate_labels(labels: Mapping[str, str], *, field: str = "labels") -> dict[str, str]:
    """Return labels in the order of their keys. Raises InvalidInput naming the label at fault."""
    if len(labels) > MAX_LABELS:
        raise InvalidInput(field, f"{field} has {len(labels)} entries; {MAX_LABELS} are allowed.")
    for key, value in labels.items():
        validate_label(field, key, value)
    if sum(map(len, (*labels, *labels.values()))) > MAX_CHARS:
        raise InvalidInput(field, f"{field} is too long: keys and values may have {MAX_CHARS} characters in all.")
    return dict(sorted(labels.items()))


def validate_label(field: str, key: str, value: str) -> None:
    """Raise InvalidInput naming the field for what is no label."""
    if _KEY.fullmatch(key) is None:
        raise InvalidInput(
            field,
            f"{key[:_MAX_SHOWN_CHARS]!r} is no key of a label: a key begins with a lower-case letter, and has up to 63"
            " lower-case letters, digits, underscores, dots and hyphens.",
        )
    _check_text(f"{field}.{key}", value, MAX_VALUE_CHARS)


def merge_labels(labels: Mapping[str, str], change: Mapping[str, str | None] | UnsetType | None) -> Mapping[str, str]:
    """Return all labels after a change (RFC 7396). Raises InvalidInput."""
    if change is UNSET:
        return labels
    if change is None:
        return {}
    for key in change:
        # A key that cannot be is a mistake also where it is to be removed.
        validate_label("labels", key, "")
    kept = {key: value for key, value in labels.items() if key not in change}
    return validate_labels(kept | {key: value for key, value in change.items() if value is not None})


def _check_text(field: str, text: str, max_chars: int) -> None:
    if len(text) > max_chars:
        raise InvalidInput(field, f"{field} has {len(text)} characters; {max_chars} are allowed.")
    if not text.isprintable():
        raise InvalidInput(field, f"{field} has a character that is not printable, such as a line break.")
    if text.strip() != text:
        raise InvalidInput(field, f"{field} begins or ends with a blank; leave that out.")
