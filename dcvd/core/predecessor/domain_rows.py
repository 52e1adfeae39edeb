"""Reads the predecessor's domains, and decides which of several rows of one name has the best claim on it."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any, Final

from dcvd.core.predecessor import values
from dcvd.core.predecessor.reading import (
    RawRow,
    ReadResult,
    RowFault,
    read_optional_instant,
    read_row,
    read_short,
    show,
)
from dcvd.core.predecessor.rows import AnyRow, DomainRow, DomainState, RowKind
from dcvd.core.text import shorten

_STATES: Final[Mapping[str, DomainState]] = {
    "active": "active",
    "error": "error",
    "pending": "waiting",
    "pending_cname": "waiting",
    "pending_validation": "waiting",
    "issuing": "waiting",
}


def read_domain(row: RawRow, *, now: int, is_rival: bool = False) -> list[ReadResult]:
    """Read a domain. is_rival: another organization's row has the better claim on the name."""
    return read_row(RowKind.DOMAIN, row, "org_id", partial(_read_domain, row, now, is_rival))


def order_claims(rows: Iterable[RawRow], org_ids: Collection[str]) -> list[tuple[RawRow, bool]]:
    """Return the rows with whether each is a rival's: of one name the best claim comes first, and its rivals last.

    The best has a hostname at Cloudflare, else it is active, else it is the oldest. org_ids: the organizations that
    there are, which come before others.
    """
    ranked = sorted(rows, key=lambda row: (values.read_text(row.get("org_id")) not in org_ids, *_rank(row)))
    taken: set[str] = set()
    winners: list[tuple[RawRow, bool]] = []
    rivals: list[tuple[RawRow, bool]] = []
    for row in ranked:
        name = (values.read_text(row.get("domain_name")) or "").strip().rstrip(".").lower()
        (rivals if name in taken else winners).append((row, name in taken))
        taken.add(name)
    return winners + rivals


def _rank(row: RawRow) -> tuple[Any, ...]:
    return (
        values.read_text(row.get("cf_custom_hostname_id")) is None,
        values.read_text(row.get("status")) != "active",
        values.read_text(row.get("created_at")) or "",
        values.read_text(row.get("id")) or "",
    )


def _read_domain(row: RawRow, now: int, is_rival: bool, domain_id: str, org_id: str) -> list[AnyRow]:
    name = (values.read_text(row.get("domain_name")) or "").strip()
    if not name:
        raise RowFault("It has no domain_name.")
    notes: list[str] = []
    status = values.read_text(row.get("status")) or ""
    state = _STATES.get(status.lower())
    if state is None:
        notes.append(f"Its status was {show(status) or 'empty'}, which is not known here; it is taken for waiting.")
    if state == "error" and (message := values.read_text(row.get("error_message"))):
        notes.append(f"It was in error there: {show(message).rstrip('.')}.")
    expires_at = read_optional_instant(row, "expires_at", notes)
    return [
        DomainRow(
            id=domain_id,
            org_id=org_id,
            domain_name=shorten(name, 300),
            state=state or "waiting",
            cname_target=read_short(row, "cname_target"),
            cf_id=read_short(row, "cf_custom_hostname_id"),
            cf_status=read_short(row, "cf_status"),
            cf_ssl_status=read_short(row, "cf_ssl_status"),
            cf_errors=values.read_errors(row.get("cf_verification_errors")),
            expires_at=expires_at if expires_at is not None and expires_at > now else None,
            is_rival=is_rival,
            created_at=read_optional_instant(row, "created_at", notes),
            notes=tuple(notes),
        )
    ]
