"""Domains."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from dcvd.core.domains.domain import Certificate, DnsState, Domain, DomainError, DomainStatus, Finding
from dcvd.core.domains.hostnames import registrable
from dcvd.core.lifecycle.certificates import overdue_at
from dcvd.core.lifecycle.schedule import Lane, lane
from dcvd.store.engine.database import Row, Snapshot, Topic, Transaction
from dcvd.store.engine.paging import NEWEST

_COLUMNS: Final = (
    "id", "org_id", "name", "status", "error_code", "error_message", "cname_target", "validation", "wildcard",
    "challenge_target", "challenge_verified", "connection_id", "wants_txt", "certificate_authority", "cf_id",
    "cf_status", "cf_ssl_status", "cf_errors", "cf_ssl_errors",
    "certificate_serial", "certificate_issuer", "certificate_issued_at", "expires_at",
    "next_certificate_serial", "next_certificate_issuer", "next_certificate_issued_at", "next_certificate_expires_at",
    "latest_expiry", "warned_for", "warned_level", "dns_state", "dns_failures", "doubts", "findings", "looks",
    "misses", "heals", "healed_at", "dns_checked_at", "cf_checked_at", "next_sync_at", "created_at", "updated_at",
)  # fmt: skip
_CERTIFICATE: Final = ("certificate_serial", "certificate_issuer", "certificate_issued_at", "expires_at")
_NEXT_CERTIFICATE: Final = (
    "next_certificate_serial", "next_certificate_issuer", "next_certificate_issued_at", "next_certificate_expires_at",
)  # fmt: skip
_DERIVED: Final = ("lane", "renewal_overdue_at")
"""What follows from the rest, stored because it is searched for."""
_FLAGS: Final = ("wildcard", "challenge_verified", "wants_txt")
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM domains"
_INSERT: Final = (
    f"INSERT INTO domains ({', '.join((*_COLUMNS, *_DERIVED))}, registrable)"
    f" VALUES ({', '.join('?' * (len(_COLUMNS) + len(_DERIVED) + 1))})"
)
_CHANGING: Final = (*_COLUMNS[3:], *_DERIVED)
_UPDATE: Final = f"UPDATE domains SET {', '.join(f'{column} = ?' for column in _CHANGING)} WHERE id = ?"
_ERRORS: Final = msgspec.json.Decoder(tuple[str, ...])
_FINDINGS: Final = msgspec.json.Decoder(tuple[Finding, ...])


def insert(tx: Transaction, domain: Domain) -> None:
    """Store a new domain; its name must be free."""
    insert_all(tx, [domain])


def insert_all(tx: Transaction, domains: Sequence[Domain]) -> None:
    """Store new domains; their names must be free."""
    tx.many(_INSERT, [(*_values(domain), *_derived(domain), registrable(domain.name)) for domain in domains])
    tx.announce(Topic.DOMAINS)


def update(tx: Transaction, domain: Domain) -> None:
    """Store a domain's new state."""
    tx.run(_UPDATE, (*_values(domain)[3:], *_derived(domain), domain.id))


def delete_all(tx: Transaction, domain_ids: Collection[str]) -> None:
    """Remove domains' rows."""
    tx.run("DELETE FROM domains WHERE id IN (SELECT value FROM json_each(?))", (_texts(domain_ids),))


def by_ids(snapshot: Snapshot, domain_ids: Collection[str]) -> dict[str, Domain]:
    """By their ids, those that there are, of whichever organization."""
    found = _many(snapshot, f"{_SELECT} WHERE id IN (SELECT value FROM json_each(?))", (_texts(domain_ids),))
    return {domain.id: domain for domain in found}


def by_names(snapshot: Snapshot, names: Collection[str]) -> dict[str, Domain]:
    """By their names, the live domains that have one of these, of whichever organization."""
    found = _many(snapshot, f"{_SELECT} WHERE name IN (SELECT value FROM json_each(?))", (_texts(names),))
    return {domain.name: domain for domain in found}


def unregistered(snapshot: Snapshot, domain_ids: Collection[str]) -> set[str]:
    """Which of these domains are there and have no custom hostname."""
    rows = snapshot.all(
        "SELECT id FROM domains WHERE id IN (SELECT value FROM json_each(?)) AND cf_id IS NULL", (_texts(domain_ids),)
    )
    return {row[0] for row in rows}


def get(snapshot: Snapshot, domain_id: str) -> Domain | None:
    """By id, of whichever organization."""
    return _one(snapshot, f"{_SELECT} WHERE id = ?", domain_id)


def by_name(snapshot: Snapshot, name: str) -> Domain | None:
    """The one live domain with this name, of whichever organization."""
    return _one(snapshot, f"{_SELECT} WHERE name = ?", name)


def by_cloudflare_id(snapshot: Snapshot, cf_id: str) -> Domain | None:
    """The domain that holds a custom hostname."""
    return _one(snapshot, f"{_SELECT} WHERE cf_id = ?", cf_id)


def due(snapshot: Snapshot, kind: Lane, now: int, limit: int) -> list[Domain]:
    """Domains of a lane whose next look is due, the longest waiting first."""
    sql = f"{_SELECT} WHERE lane = ? AND next_sync_at <= ? ORDER BY next_sync_at LIMIT ?"
    return _many(snapshot, sql, (kind, now, limit))


def count_due(snapshot: Snapshot, kind: Lane, after: int, now: int, most: int) -> int:
    """How many domains of a lane became due after an instant and are due, counted up to `most`."""
    sql = (
        "SELECT count(*) FROM (SELECT 1 FROM domains WHERE lane = ? AND next_sync_at > ? AND next_sync_at <= ? LIMIT ?)"
    )
    ((count,),) = snapshot.all(sql, (kind, after, now, most))
    return int(count)


def by_cloudflare_ids(snapshot: Snapshot, cf_ids: Sequence[str]) -> list[Domain]:
    """The domains that hold any of these custom hostnames; the others are not ours."""
    sql = f"{_SELECT} WHERE cf_id IN (SELECT value FROM json_each(?))"
    return _many(snapshot, sql, (msgspec.json.encode(cf_ids).decode(),))


def set_next_look(tx: Transaction, domain_id: str, at: int, kind: Lane | None = None) -> None:
    """Plan a look without anything having been seen; with `kind` it waits in that lane until then."""
    tx.run("UPDATE domains SET next_sync_at = ?, lane = COALESCE(?, lane) WHERE id = ?", (at, kind, domain_id))
    tx.announce(Topic.DOMAINS)


def pull_in(tx: Transaction, beyond: int, now: int) -> int:
    """Make due what is planned for after an instant; returns how many."""
    return sum(
        tx.run("UPDATE domains SET next_sync_at = ? WHERE lane = ? AND next_sync_at > ?", (now, kind, beyond))
        for kind in Lane
    )


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


def _texts(values: Collection[str]) -> str:
    return msgspec.json.encode(list(values)).decode()


def _many(snapshot: Snapshot, sql: str, parameters: Sequence[Any]) -> list[Domain]:
    return [_domain(row) for row in snapshot.all(sql, parameters)]


def _one(snapshot: Snapshot, sql: str, value: str) -> Domain | None:
    row = snapshot.one(sql, (value,))
    return None if row is None else _domain(row)


def _values(domain: Domain) -> tuple[Any, ...]:
    error = domain.error
    return (
        domain.id,
        domain.org_id,
        domain.name,
        domain.status,
        error.code if error else None,
        error.message if error else None,
        domain.cname_target,
        domain.validation,
        domain.wildcard,
        domain.challenge_target,
        domain.challenge_verified,
        domain.connection_id,
        domain.wants_txt,
        domain.certificate_authority,
        domain.cf_id,
        domain.cf_status,
        domain.cf_ssl_status,
        msgspec.json.encode(domain.cf_errors).decode(),
        msgspec.json.encode(domain.cf_ssl_errors).decode(),
        *_certificate_values(domain.certificate),
        *_certificate_values(domain.next_certificate),
        domain.latest_expiry,
        domain.warned_for,
        domain.warned_level,
        domain.dns_state,
        domain.dns_failures,
        domain.doubts,
        msgspec.json.encode(domain.findings).decode(),
        domain.looks,
        domain.misses,
        domain.heals,
        domain.healed_at,
        domain.dns_checked_at,
        domain.cf_checked_at,
        domain.next_sync_at,
        domain.created_at,
        domain.updated_at,
    )


def _derived(domain: Domain) -> tuple[Any, ...]:
    return (lane(domain), overdue_at(domain))


def _domain(row: Row) -> Domain:
    stored = dict(zip(_COLUMNS, row, strict=True))
    code, message = stored.pop("error_code"), stored.pop("error_message")
    certificate = _certificate([stored.pop(column) for column in _CERTIFICATE])
    next_certificate = _certificate([stored.pop(column) for column in _NEXT_CERTIFICATE])
    for flag in _FLAGS:
        stored[flag] = bool(stored[flag])
    return Domain(
        status=DomainStatus(stored.pop("status")),
        dns_state=DnsState(stored.pop("dns_state")),
        cf_errors=_ERRORS.decode(stored.pop("cf_errors")),
        cf_ssl_errors=_ERRORS.decode(stored.pop("cf_ssl_errors")),
        findings=_FINDINGS.decode(stored.pop("findings")),
        error=None if code is None else DomainError(code, message),
        certificate=certificate,
        next_certificate=next_certificate,
        **stored,
    )


def _certificate_values(certificate: Certificate | None) -> tuple[Any, ...]:
    if certificate is None:
        return (None, None, None, None)
    return (certificate.serial, certificate.issuer, certificate.issued_at, certificate.expires_at)


def _certificate(values: Sequence[Any]) -> Certificate | None:
    serial, issuer, issued_at, expires_at = values
    if expires_at is None:
        return None
    return Certificate(serial=serial, issuer=issuer, issued_at=issued_at, expires_at=expires_at)
