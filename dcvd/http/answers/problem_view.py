"""A failure as JSON (RFC 9457)."""

from msgspec import UNSET, Struct, UnsetType


class FieldError(Struct, frozen=True):
    """A value at fault: its name as the caller wrote it, and what is wrong with it."""

    field: str
    message: str


class Problem(Struct, frozen=True, kw_only=True, rename="camel"):
    """What went wrong. `code` is stable and for programs, `detail` is a sentence for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = []
    existing_id: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET
