"""Domains."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from dcvd.core.domain import Certificate, DnsState, Domain, DomainError, DomainStatus, Finding
from dcvd.core.hostnames import registrable
from dcvd.store.database import Row, Snapshot, Topic, Transaction
from dcvd.store.paging import NEWEST

_COLUMNS: Final = (
    "id", "org_id", "name", "status", "error_code", "error_message", "cname_target", "cf_id", "cf_status",
    "cf_ssl_status", "cf_errors", "certificate_serial", "certificate_issuer", "certificate_issued_at", "expires_at",
    "latest_expiry", "warned_for", "warned_level", "dns_state", "dns_failures", "doubts", "findings", "looks",
    "dns_checked_at", "cf_checked_at", "next_sync_at", "created_at", "updated_at",
)  # fmt: skip
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM domains"
_INSERT: Final = (
    f"INSERT INTO domains ({', '.join(_COLUMNS)}, registrable) VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
)
_UPDATE: Final = f"UPDATE domains SET {', '.join(f'{column} = ?' for column in _COLUMNS[3:])} WHERE id = ?"
_ERRORS: Final = msgspec.json.Decoder(tuple[str, ...])
_FINDINGS: Final = msgspec.json.Decoder(tuple[Finding, ...])


def insert(tx: Transaction, domain: Domain) -> None:
    """Store a new domain; its name must be free."""
    tx.run(_INSERT, (*_values(domain), registrable(domain.name)))
    tx.announce(Topic.DOMAINS)


def update(tx: Transaction, domain: Domain) -> None:
    """Store a domain's new state."""
    tx.run(_UPDATE, (*_values(domain)[3:], domain.id))


def delete(tx: Transaction, domain_id: str) -> None:
    """Remove a domain's row."""
    tx.run("DELETE FROM domains WHERE id = ?", (domain_id,))


def get(snapshot: Snapshot, domain_id: str) -> Domain | None:
    """By id, of whichever organization."""
    return _one(snapshot, f"{_SELECT} WHERE id = ?", domain_id)


def by_name(snapshot: Snapshot, name: str) -> Domain | None:
    """The one live domain with this name, of whichever organization."""
    return _one(snapshot, f"{_SELECT} WHERE name = ?", name)


def by_cloudflare_id(snapshot: Snapshot, cf_id: str) -> Domain | None:
    """The domain that holds a custom hostname."""
    return _one(snapshot, f"{_SELECT} WHERE cf_id = ?", cf_id)


def due(snapshot: Snapshot, now: int, limit: int) -> list[Domain]:
    """Domains whose next look is due, the longest waiting first."""
    return [
        _domain(row)
        for row in snapshot.all(f"{_SELECT} WHERE next_sync_at <= ? ORDER BY next_sync_at LIMIT ?", (now, limit))
    ]


def set_next_look(tx: Transaction, domain_id: str, at: int) -> None:
    """Plan a look without anything having been seen."""
    tx.run("UPDATE domains SET next_sync_at = ? WHERE id = ?", (at, domain_id))
    tx.announce(Topic.DOMAINS)


def pull_in(tx: Transaction, beyond: int, now: int) -> int:
    """Make due what is planned for after an instant; returns how many."""
    return tx.run("UPDATE domains SET next_sync_at = ? WHERE next_sync_at > ?", (now, beyond))


def of_org(
    snapshot: Snapshot, org_id: str, *, status: DomainStatus | None, before: str | None, limit: int
) -> list[Domain]:
    """Newest first, those with an id below `before`."""
    if status is None:
        sql = f"{_SELECT} WHERE org_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
        return _many(snapshot, sql, (org_id, before or NEWEST, limit))
    sql = f"{_SELECT} WHERE org_id = ? AND status = ? AND id < ? ORDER BY id DESC LIMIT ?"
    return _many(snapshot, sql, (org_id, status, before or NEWEST, limit))


def search(
    snapshot: Snapshot, org_id: str, prefix: str, *, status: DomainStatus | None, after: str | None, limit: int
) -> list[Domain]:
    """By name, those after `after`: names, or registrable parts of names, that begin with `prefix`."""
    columns = ", ".join(_COLUMNS)
    wanted = " AND status = ?4" if status is not None else ""
    # Two ranges, each on an index of its own; UNION drops what is in both.
    sql = (
        f"SELECT {columns} FROM domains WHERE org_id = ?1 AND name >= ?2 AND name < ?3 AND name > ?5{wanted}"
        f" UNION SELECT {columns} FROM domains"
        f" WHERE org_id = ?1 AND registrable >= ?2 AND registrable < ?3 AND name > ?5{wanted}"
        " ORDER BY name LIMIT ?6"
    )
    return _many(snapshot, sql, (org_id, prefix, prefix + NEWEST, status, after or "", limit))


def _many(snapshot: Snapshot, sql: str, parameters: Sequence[Any]) -> list[Domain]:
    return [_domain(row) for row in snapshot.all(sql, parameters)]


def _one(snapshot: Snapshot, sql: str, value: str) -> Domain | None:
    row = snapshot.one(sql, (value,))
    return None if row is None else _domain(row)


def _values(domain: Domain) -> tuple[Any, ...]:
    error, certificate = domain.error, domain.certificate
    return (
        domain.id,
        domain.org_id,
        domain.name,
        domain.status,
        error.code if error else None,
        error.message if error else None,
        domain.cname_target,
        domain.cf_id,
        domain.cf_status,
        domain.cf_ssl_status,
        msgspec.json.encode(domain.cf_errors).decode(),
        certificate.serial if certificate else None,
        certificate.issuer if certificate else None,
        certificate.issued_at if certificate else None,
        certificate.expires_at if certificate else None,
        domain.latest_expiry,
        domain.warned_for,
        domain.warned_level,
        domain.dns_state,
        domain.dns_failures,
        domain.doubts,
        msgspec.json.encode(domain.findings).decode(),
        domain.looks,
        domain.dns_checked_at,
        domain.cf_checked_at,
        domain.next_sync_at,
        domain.created_at,
        domain.updated_at,
    )


def _domain(row: Row) -> Domain:
    stored = dict(zip(_COLUMNS, row, strict=True))
    code, message = stored.pop("error_code"), stored.pop("error_message")
    serial, issuer = stored.pop("certificate_serial"), stored.pop("certificate_issuer")
    issued_at, expires_at = stored.pop("certificate_issued_at"), stored.pop("expires_at")
    certificate = None
    if expires_at is not None:
        certificate = Certificate(serial=serial, issuer=issuer, issued_at=issued_at, expires_at=expires_at)
    return Domain(
        status=DomainStatus(stored.pop("status")),
        dns_state=DnsState(stored.pop("dns_state")),
        cf_errors=_ERRORS.decode(stored.pop("cf_errors")),
        findings=_FINDINGS.decode(stored.pop("findings")),
        error=None if code is None else DomainError(code, message),
        certificate=certificate,
        **stored,
    )
