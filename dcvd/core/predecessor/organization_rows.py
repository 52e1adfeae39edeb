"""Reads what the predecessor kept of organizations: themselves, their people, and who did what."""

from functools import partial
from typing import Final

from dcvd.core.members import MemberStatus, normalize_address
from dcvd.core.predecessor import values
from dcvd.core.predecessor.reading import (
    MAX_NAME_CHARACTERS,
    RawRow,
    ReadResult,
    RowFault,
    read_optional_instant,
    read_row,
    read_short,
    show,
)
from dcvd.core.predecessor.rows import (
    AnyRow,
    BrandingRow,
    HistoryRow,
    ImportOutcome,
    LogoRow,
    MemberRow,
    OrganizationRow,
    RowKind,
)
from dcvd.core.text import make_printable, shorten
from dcvd.core.tokens.token import Role
from dcvd.errors import InvalidInput

_MAX_URL_CHARACTERS: Final = 2048
_MAX_DETAILS_CHARACTERS: Final = 8_192
_ROLES: Final = {role.value: role for role in Role}
_PLACEHOLDER: Final = "owner@{}.local"


def read_organization(row: RawRow) -> list[ReadResult]:
    """Read an organization, and how it looks."""
    return read_row(RowKind.ORGANIZATION, row, "id", partial(_read_organization, row))


def read_member(row: RawRow) -> list[ReadResult]:
    """Read a person of an organization."""
    return read_row(RowKind.MEMBER, row, "org_id", partial(_read_member, row))


def read_history(row: RawRow) -> list[ReadResult]:
    """Read an entry of the audit log."""
    return read_row(RowKind.HISTORY, row, "org_id", partial(_read_history, row))


def _read_organization(row: RawRow, org_id: str, _owner: str) -> list[AnyRow]:
    notes: list[str] = []
    title = make_printable(values.read_text(row.get("name")) or "")
    if not title:
        title = f"Organization {org_id}"
        notes.append(f"It had no name; it gets {title!r}.")
    if len(title) > MAX_NAME_CHARACTERS:
        title = shorten(title, MAX_NAME_CHARACTERS)
        notes.append(f"Its name was longer than {MAX_NAME_CHARACTERS} characters, and is cut.")
    tier = values.read_text(row.get("subscription_tier"))
    if tier not in (None, "free"):
        notes.append(f"It was of the tier {show(tier or '')}; there are no tiers here: set its quotas instead.")
    if values.read_text(row.get("custom_domain")):
        notes.append(f"Its pages were at {show(str(row['custom_domain']))}; there is no such setting here.")
    rows: list[AnyRow] = []
    if color_text := values.read_text(row.get("brand_color")):
        color = values.read_color(color_text.strip())
        if color is None:
            notes.append(f"Its brand_color is no colour: {show(color_text)}.")
        else:
            rows.append(BrandingRow(id=org_id, org_id=org_id, color=color))
    if url := values.read_text(row.get("logo_url")):
        rows.append(LogoRow(id=org_id, org_id=org_id, url=url[:_MAX_URL_CHARACTERS]))
    created_at = read_optional_instant(row, "created_at", notes)
    return [
        OrganizationRow(id=org_id, org_id=org_id, title=title, created_at=created_at, notes=tuple(notes)),
        *rows,
    ]


def _read_member(row: RawRow, member_id: str, org_id: str) -> list[AnyRow]:
    text = (values.read_text(row.get("email")) or "").strip()
    if not text:
        raise RowFault("It has no e-mail address.", ImportOutcome.LEFT_OUT)
    if text.lower() == _PLACEHOLDER.format(org_id).lower():
        raise RowFault("A migration of the predecessor made up its address.", ImportOutcome.LEFT_OUT)
    try:
        address = normalize_address(text)
    except InvalidInput as error:
        raise RowFault(f"Its e-mail address is none: {show(text)}.") from error
    notes: list[str] = []
    role_text = (values.read_text(row.get("role")) or "").lower()
    role = _ROLES.get(role_text, Role.MEMBER)
    if role_text not in _ROLES:
        notes.append("Its role is not known here; it is a member.")
    status = (
        MemberStatus.SUSPENDED
        if (values.read_text(row.get("status")) or "").lower() == "suspended"
        else MemberStatus.INVITED
    )
    created_at = read_optional_instant(row, "created_at", notes)
    return [
        MemberRow(
            id=member_id,
            org_id=org_id,
            address=address,
            role=role,
            status=status,
            created_at=created_at,
            notes=tuple(notes),
        )
    ]


def _read_history(row: RawRow, entry_id: str, org_id: str) -> list[AnyRow]:
    notes: list[str] = []
    text = values.read_text(row.get("details"))
    details = values.read_details(text)
    if text is not None and len(text) > _MAX_DETAILS_CHARACTERS:
        details = shorten(text, _MAX_DETAILS_CHARACTERS)
        notes.append(f"Its details were longer than {_MAX_DETAILS_CHARACTERS} characters, and are cut.")
    return [
        HistoryRow(
            id=entry_id,
            org_id=org_id,
            occurred_at=read_optional_instant(row, "created_at", notes),
            action=read_short(row, "action") or "unknown",
            user_id=read_short(row, "user_id"),
            entity_type=read_short(row, "entity_type"),
            entity_id=read_short(row, "entity_id"),
            details=details,
            notes=tuple(notes),
        )
    ]
