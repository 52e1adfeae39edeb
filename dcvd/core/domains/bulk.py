"""Bulk calls: each line has its own outcome, and a repeated call gets the same answer."""

import hashlib
from typing import Final, Generic, Literal, TypeVar

from msgspec import Struct

from dcvd.core.domains.additions import ValidatedDomain
from dcvd.core.domains.domain import LeftoverRecord
from dcvd.core.instants import DAY
from dcvd.core.text import shorten
from dcvd.errors import DcvdError

MAX_LINES: Final = 100_000
MAX_LINES_AT_ONCE: Final = 1_000
"""The most lines of a call whose body is one JSON object."""
KEY_RETENTION_MS: Final = 2 * DAY
"""How long outcomes are stored: a call that began while its key was known may last much longer."""
MAX_ECHOED_NAME_CHARS: Final = 255
"""Characters of a name that an answer repeats; no hostname is longer."""
_MAX_MESSAGE_CHARS: Final = 400  # characters of a refusal, which may quote long input

AddStatus = Literal["created", "exists", "would_create", "refused"]
RemoveStatus = Literal["removed", "would_remove", "refused"]
C = TypeVar("C")


class LineRefusal(Struct, frozen=True):
    """Why a line was refused: a stable code and a sentence for a person."""

    code: str
    message: str


class DomainReference(Struct, frozen=True, kw_only=True):
    """The domain that a line names, by its id or by its normalised name."""

    id: str | None = None
    name: str | None = None


class Line(Struct, Generic[C], frozen=True, kw_only=True):
    """A line with what it asks for, or why it was refused. `name` is the name as it was given, if any."""

    number: int
    fingerprint: str
    name: str | None
    content: C | LineRefusal


class AddLine(Line[ValidatedDomain], frozen=True, kw_only=True):
    """A line with a domain to add."""


class RemoveLine(Line[DomainReference], frozen=True, kw_only=True):
    """A line with a domain to remove."""


class AddOutcome(Struct, frozen=True, kw_only=True, array_like=True):
    """The outcome of a line with a domain to add, as it is stored for repeats."""

    outcome: AddStatus
    name: str | None
    domain_id: str | None = None
    error: LineRefusal | None = None


class RemoveOutcome(Struct, frozen=True, kw_only=True, array_like=True):
    """The outcome of a line with a domain to remove, as it is stored for repeats."""

    outcome: RemoveStatus
    name: str | None
    domain_id: str | None = None
    records: tuple[LeftoverRecord, ...] = ()
    error: LineRefusal | None = None


def fingerprint_line(verb: Literal["add", "remove"], content: bytes) -> str:
    """Return a hash that tells whether a line of a repeated call has changed; `content` is the line as it was sent."""
    return hashlib.blake2b(content, digest_size=16, person=verb.encode()).hexdigest()


def to_refusal(error: DcvdError) -> LineRefusal:
    """Return an error as the refusal of a line, with its message shortened."""
    message = error.message
    return LineRefusal(error.code, shorten(message, _MAX_MESSAGE_CHARS))


def reused_key_refusal(line: int) -> LineRefusal:
    """Return the refusal of a line that differs from the line of that number in the first call with the same key."""
    message = f"Line {line} was another one when this Idempotency-Key was first used: take a new key for a new call."
    return LineRefusal("idempotency_key_reused", message)
