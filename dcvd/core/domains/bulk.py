"""Bulk calls: many lines, each with an outcome of its own, and repeats that are answered the same."""

import hashlib
from typing import Final, Literal

from msgspec import Struct

from dcvd.core.domains.additions import ValidatedDomain
from dcvd.core.domains.domain import LeftoverRecord
from dcvd.core.instants import DAY
from dcvd.core.text import shorten
from dcvd.errors import DcvdError, InvalidInput

MOST_LINES: Final = 100_000
MAX_LINES_AT_ONCE: Final = 1_000
"""Lines of a call whose body is one JSON object."""
KEY_LIFETIME_MS: Final = 1 * DAY
"""How long what came of a line is kept for a repeat with the same key."""
LONGEST_KEY: Final = 255
LONGEST_ECHOED_NAME: Final = 255
"""Characters of a name that are told back for a line; no hostname is longer."""
_LONGEST_MESSAGE: Final = 400  # characters kept of a refusal, which may quote what was given

AddStatus = Literal["created", "exists", "would_create", "refused"]
RemoveStatus = Literal["removed", "would_remove", "refused"]


class LineRefusal(Struct, frozen=True):
    """Why a line was refused: a stable code and a sentence."""

    code: str
    message: str


class DomainReference(Struct, frozen=True, kw_only=True):
    """Which domain a line means: by its id, or by its normalised name."""

    id: str | None = None
    name: str | None = None


class AddLine(Struct, frozen=True, kw_only=True):
    """A line to be added, or what is wrong with it. `name`: as it was given, where one was."""

    number: int
    fingerprint: str
    name: str | None
    content: ValidatedDomain | LineRefusal


class RemoveLine(Struct, frozen=True, kw_only=True):
    """A line to be removed, or what is wrong with it. `name`: as it was given, where one was."""

    number: int
    fingerprint: str
    name: str | None
    content: DomainReference | LineRefusal


class AddOutcome(Struct, frozen=True, kw_only=True, array_like=True):
    """What came of a line that was to be added, as it is stored for a repeat."""

    outcome: AddStatus
    name: str | None
    domain_id: str | None = None
    error: LineRefusal | None = None


class RemoveOutcome(Struct, frozen=True, kw_only=True, array_like=True):
    """What came of a line that was to be removed, as it is stored for a repeat."""

    outcome: RemoveStatus
    name: str | None
    domain_id: str | None = None
    records: tuple[LeftoverRecord, ...] = ()
    error: LineRefusal | None = None


def fingerprint_line(verb: Literal["add", "remove"], content: bytes) -> str:
    """The same for the same line of the same kind of call; `content` is the line as it was sent."""
    return hashlib.blake2b(content, digest_size=16, person=verb.encode()).hexdigest()


def to_refusal(error: DcvdError) -> LineRefusal:
    """An error as a line tells it."""
    message = error.message
    return LineRefusal(error.code, shorten(message, _LONGEST_MESSAGE))


def reused_key_refusal(line: int) -> LineRefusal:
    """The refusal of a line that differs from the one that had its number under the same key."""
    message = f"Line {line} was another one when this Idempotency-Key was first used: take a new key for a new call."
    return LineRefusal("idempotency_key_reused", message)


def validate_key(key: str) -> str:
    """Raises InvalidInput for a key that cannot be stored."""
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= character <= "~" for character in key):
        message = f"An idempotency key has 1 to {LONGEST_KEY} visible ASCII characters; a UUID is a good one."
        raise InvalidInput("Idempotency-Key", message)
    return key
