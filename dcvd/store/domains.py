"""Domains: their rows, and the queries that find them."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from dcvd.core.domains.domain import Certificate, DnsState, Domain, DomainError, DomainStatus, Finding
from dcvd.core.domains.hostnames import registrable_domain
from dcvd.core.lifecycle.certificates import domain_renewal_overdue_at
from dcvd.core.lifecycle.schedule import CheckLane, choose_lane
from dcvd.store.engine.database import Row, Snapshot, Topic, Transaction
from dcvd.store.engine.json_text import encode_json, encode_list
from dcvd.store.engine.paging import HIGHEST_KEY

_COLUMNS: Final = (
    "id", "org_id", "name", "status", "error_code", "error_message", "cname_target", "validation", "wildcard",
    "challenge_target", "challenge_verified", "connection_id", "wants_txt", "certificate_authority", "cf_id",
    "cf_status", "cf_ssl_status", "cf_errors", "cf_ssl_errors",
    "certificate_serial", "certificate_issuer", "certificate_issued_at", "expires_at",
    "next_certificate_serial", "next_certificate_issuer", "next_certificate_issued_at", "next_certificate_expires_at",
    "latest_expiry", "warned_for", "warned_level", "dns_state", "dns_failures", "doubts", "findings", "looks",
    "misses", "heals", "healed_at", "dns_checked_at", "cf_checked_at", "next_sync_at", "created_at", "updated_at",
)  # fmt: skip
_CERTIFICATE_COLUMNS: Final = ("certificate_serial", "certificate_issuer", "certificate_issued_at", "expires_at")
_NEXT_CERTIFICATE_COLUMNS: Final = (
    "next_certificate_serial", "next_certificate_issuer", "next_certificate_issued_at", "next_certificate_expires_at",
)  # fmt: skip
_DERIVED_COLUMNS: Final = ("lane", "renewal_overdue_at")
"""Columns that follow from the others, stored because queries search for them."""
_BOOLEAN_COLUMNS: Final = ("wildcard", "challenge_verified", "wants_txt")
_FIELDS: Final = {
    "wants_txt": "waits_for_txt",
    "latest_expiry": "latest_expires_at",
    "warned_for": "warned_expires_at",
    "warned_level": "warnings_sent",
    "doubts": "pending_reports",
    "looks": "checks_since_change",
    "misses": "incomplete_checks",
    "heals": "remedies_applied",
    "healed_at": "remedy_wait_started_at",
    "next_sync_at": "next_check_at",
}
"""The fields of a domain whose columns have another name, given by an older version."""
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM domains"
_INSERT: Final = (
    f"INSERT INTO domains ({', '.join((*_COLUMNS, *_DERIVED_COLUMNS))}, registrable)"
    f" VALUES ({', '.join('?' * (len(_COLUMNS) + len(_DERIVED_COLUMNS) + 1))})"
)
_UPDATED_COLUMNS: Final = (*_COLUMNS[3:], *_DERIVED_COLUMNS)
_UPDATE: Final = f"UPDATE domains SET {', '.join(f'{column} = ?' for column in _UPDATED_COLUMNS)} WHERE id = ?"
_ERRORS: Final = msgspec.json.Decoder(tuple[str, ...])
_FINDINGS: Final = msgspec.json.Decoder(tuple[Finding, ...])


def insert_all(tx: Transaction, domains: Sequence[Domain]) -> None:
    """Store new domains; their names must be free."""
    tx.execute_many(
        _INSERT, [(*_to_row(domain), *_derive_columns(domain), registrable_domain(domain.name)) for domain in domains]
    )
    tx.announce(Topic.DOMAINS)


def update(tx: Transaction, domain: Domain) -> None:
    """Store a domain's new state."""
    tx.execute(_UPDATE, (*_to_row(domain)[3:], *_derive_columns(domain), domain.id))


def delete_all(tx: Transaction, domain_ids: Collection[str]) -> None:
    """Remove domains' rows."""
    tx.execute("DELETE FROM domains WHERE id IN (SELECT value FROM json_each(?))", (encode_list(domain_ids),))


def find_by_ids(snapshot: Snapshot, domain_ids: Collection[str]) -> dict[str, Domain]:
    """Find the domains with these ids, of whichever organization, by id."""
    domains = _fetch_many(
        snapshot, f"{_SELECT} WHERE id IN (SELECT value FROM json_each(?))", (encode_list(domain_ids),)
    )
    return {domain.id: domain for domain in domains}


def find_by_names(snapshot: Snapshot, names: Collection[str]) -> dict[str, Domain]:
    """Find the live domains with these names, of whichever organization, by name."""
    domains = _fetch_many(snapshot, f"{_SELECT} WHERE name IN (SELECT value FROM json_each(?))", (encode_list(names),))
    return {domain.name: domain for domain in domains}


def filter_unregistered(snapshot: Snapshot, domain_ids: Collection[str]) -> set[str]:
    """Return those of the ids whose domains are stored and have no custom hostname."""
    rows = snapshot.fetch_all(
        "SELECT id FROM domains WHERE id IN (SELECT value FROM json_each(?)) AND cf_id IS NULL",
        (encode_list(domain_ids),),
    )
    return {row[0] for row in rows}


def get(snapshot: Snapshot, domain_id: str) -> Domain | None:
    """Get a domain by its id, of whichever organization."""
    return _fetch_one(snapshot, f"{_SELECT} WHERE id = ?", domain_id)


def find_by_name(snapshot: Snapshot, name: str) -> Domain | None:
    """Find the one live domain with this name, of whichever organization."""
    return _fetch_one(snapshot, f"{_SELECT} WHERE name = ?", name)


def find_by_cloudflare_id(snapshot: Snapshot, cf_id: str) -> Domain | None:
    """Find the domain that holds a custom hostname."""
    return _fetch_one(snapshot, f"{_SELECT} WHERE cf_id = ?", cf_id)


def list_due(snapshot: Snapshot, lane: CheckLane, now: int, limit: int) -> list[Domain]:
    """List domains of a lane whose next check is due, the longest waiting first."""
    sql = f"{_SELECT} WHERE lane = ? AND next_sync_at <= ? ORDER BY next_sync_at LIMIT ?"
    return _fetch_many(snapshot, sql, (lane, now, limit))


def count_due(snapshot: Snapshot, lane: CheckLane, after_at: int, now: int, limit: int) -> int:
    """Count the domains of a lane that became due after an instant and are due; up to `limit`."""
    sql = (
        "SELECT count(*) FROM (SELECT 1 FROM domains WHERE lane = ? AND next_sync_at > ? AND next_sync_at <= ? LIMIT ?)"
    )
    ((count,),) = snapshot.fetch_all(sql, (lane, after_at, now, limit))
    return int(count)


def list_by_cloudflare_ids(snapshot: Snapshot, cf_ids: Sequence[str]) -> list[Domain]:
    """List the domains that hold any of these custom hostnames; the other hostnames are not ours."""
    sql = f"{_SELECT} WHERE cf_id IN (SELECT value FROM json_each(?))"
    return _fetch_many(snapshot, sql, (encode_json(cf_ids),))


def list_renewals_overdue(snapshot: Snapshot, now: int, limit: int) -> list[Domain]:
    """List the domains whose renewals are overdue, the longest overdue first."""
    sql = f"{_SELECT} WHERE renewal_overdue_at <= ? ORDER BY renewal_overdue_at LIMIT ?"
    return _fetch_many(snapshot, sql, (now, limit))


def set_next_check(tx: Transaction, domain_id: str, check_at: int, lane: CheckLane | None = None) -> None:
    """Plan a check without a new observation; with `lane`, the domain waits in that lane until then."""
    tx.execute(
        "UPDATE domains SET next_sync_at = ?, lane = COALESCE(?, lane) WHERE id = ?", (check_at, lane, domain_id)
    )
    tx.announce(Topic.DOMAINS)


def reschedule_beyond(tx: Transaction, latest_at: int, now: int) -> int:
    """Make due the checks that are planned for after an instant; return how many."""
    return sum(
        tx.execute("UPDATE domains SET next_sync_at = ? WHERE lane = ? AND next_sync_at > ?", (now, lane, latest_at))
        for lane in CheckLane
    )


def list_of_org(
    snapshot: Snapshot, org_id: str, *, status: DomainStatus | None, before: str | None, limit: int
) -> list[Domain]:
    """List an organization's domains with an id below `before`, newest first."""
    if status is None:
        sql = f"{_SELECT} WHERE org_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
        return _fetch_many(snapshot, sql, (org_id, before or HIGHEST_KEY, limit))
    sql = f"{_SELECT} WHERE org_id = ? AND status = ? AND id < ? ORDER BY id DESC LIMIT ?"
    return _fetch_many(snapshot, sql, (org_id, status, before or HIGHEST_KEY, limit))


def search(
    snapshot: Snapshot, org_id: str, prefix: str, *, status: DomainStatus | None, after: str | None, limit: int
) -> list[Domain]:
    """List domains by name, after `after`, whose name or registrable part begins with `prefix`."""
    columns = ", ".join(_COLUMNS)
    status_condition = " AND status = ?4" if status is not None else ""
    # Two ranges, each on an index of its own; UNION drops what is in both.
    sql = (
        f"SELECT {columns} FROM domains WHERE org_id = ?1 AND name >= ?2 AND name < ?3 AND name > ?5{status_condition}"
        f" UNION SELECT {columns} FROM domains"
        f" WHERE org_id = ?1 AND registrable >= ?2 AND registrable < ?3 AND name > ?5{status_condition}"
        " ORDER BY name LIMIT ?6"
    )
    return _fetch_many(snapshot, sql, (org_id, prefix, prefix + HIGHEST_KEY, status, after or "", limit))


def _fetch_many(snapshot: Snapshot, sql: str, parameters: Sequence[Any]) -> list[Domain]:
    return [_from_row(row) for row in snapshot.fetch_all(sql, parameters)]


def _fetch_one(snapshot: Snapshot, sql: str, value: str) -> Domain | None:
    row = snapshot.fetch_one(sql, (value,))
    return None if row is None else _from_row(row)


def _to_row(domain: Domain) -> tuple[Any, ...]:
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
        domain.waits_for_txt,
        domain.certificate_authority,
        domain.cf_id,
        domain.cf_status,
        domain.cf_ssl_status,
        encode_json(domain.cf_errors),
        encode_json(domain.cf_ssl_errors),
        *_certificate_to_row(domain.certificate),
        *_certificate_to_row(domain.next_certificate),
        domain.latest_expires_at,
        domain.warned_expires_at,
        domain.warnings_sent,
        domain.dns_state,
        domain.dns_failures,
        domain.pending_reports,
        encode_json(domain.findings),
        domain.checks_since_change,
        domain.incomplete_checks,
        domain.remedies_applied,
        domain.remedy_wait_started_at,
        domain.dns_checked_at,
        domain.cf_checked_at,
        domain.next_check_at,
        domain.created_at,
        domain.updated_at,
    )


def _derive_columns(domain: Domain) -> tuple[Any, ...]:
    return (choose_lane(domain), domain_renewal_overdue_at(domain))


def _from_row(row: Row) -> Domain:
    values = dict(zip(_COLUMNS, row, strict=True))
    code, message = values.pop("error_code"), values.pop("error_message")
    certificate = _certificate_from_row([values.pop(column) for column in _CERTIFICATE_COLUMNS])
    next_certificate = _certificate_from_row([values.pop(column) for column in _NEXT_CERTIFICATE_COLUMNS])
    for flag in _BOOLEAN_COLUMNS:
        values[flag] = bool(values[flag])
    return Domain(
        status=DomainStatus(values.pop("status")),
        dns_state=DnsState(values.pop("dns_state")),
        cf_errors=_ERRORS.decode(values.pop("cf_errors")),
        cf_ssl_errors=_ERRORS.decode(values.pop("cf_ssl_errors")),
        findings=_FINDINGS.decode(values.pop("findings")),
        error=None if code is None else DomainError(code, message),
        certificate=certificate,
        next_certificate=next_certificate,
        **{_FIELDS.get(column, column): value for column, value in values.items()},
    )


def _certificate_to_row(certificate: Certificate | None) -> tuple[Any, ...]:
    if certificate is None:
        return (None, None, None, None)
    return (certificate.serial, certificate.issuer, certificate.issued_at, certificate.expires_at)


def _certificate_from_row(values: Sequence[Any]) -> Certificate | None:
    serial, issuer, issued_at, expires_at = values
    if expires_at is None:
        return None
    return Certificate(serial=serial, issuer=issuer, issued_at=issued_at, expires_at=expires_at)
