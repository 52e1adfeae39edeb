"""Domains: their rows, and the queries that find them."""

import json
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from dcvd.core.clock_discipline import ClockStep
from dcvd.core.diagnosis.reason import find_awaited
from dcvd.core.dns.hostnames import registrable_domain
from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.domains.renewals import domain_renewal_overdue_at
from dcvd.core.domains.stalls import WaitingGroup
from dcvd.core.lifecycle.schedule import CheckLane, choose_lane
from dcvd.store.engine import plan_shifts
from dcvd.store.engine.json_text import encode_json, encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction

DOMAINS: Final = StructTable(
    "domains",
    Domain,
    renamed={
        "certificate.expires_at": "expires_at",
        "is_contested": "contested",
        "has_own_target": "own_target",
        "unproved_ms": "unproved_for",
        # Names that an older version gave.
        "waits_for_txt": "wants_txt",
        "latest_expires_at": "latest_expiry",
        "pending_reports": "doubts",
        "checks_since_change": "looks",
        "incomplete_checks": "misses",
        "remedies_applied": "heals",
        "remedy_wait_started_at": "healed_at",
        "next_check_at": "next_sync_at",
    },
)
_DERIVED_COLUMNS: Final = ("lane", "renewal_overdue_at", "waits_for")
"""Columns that follow from the others, stored because queries search for them or triggers count by them."""
_INSERTED_COLUMNS: Final = (*DOMAINS.columns, *_DERIVED_COLUMNS, "registrable")
_FIRST_UPDATED: Final = DOMAINS.columns.index("contested") + 1
"""No check changes what stands before. `update_labels` changes some of it. `contested` follows from the other rows:
`insert_all` and a trigger on removals write it."""
_UPDATED_COLUMNS: Final = (*DOMAINS.columns[_FIRST_UPDATED:], *_DERIVED_COLUMNS)
_WATCHED_COLUMNS: Final = (
    "status", "proof", "dormant_since", "connection_id", "cf_id", "cf_errors", "cf_ssl_errors", "cf_differences",
    "expires_at", "findings", "cf_changed_at", "ready_since", "broken_since", *_DERIVED_COLUMNS,
)  # fmt: skip
"""Those of them that indexes and triggers are made of, but for the time of the next check, which nearly always changes.

SQLite writes each index anew of which a statement names a column, whether its value changes or not. By most checks none
of these does: then they are only compared, and the indexes of the next check alone are written.
"""
_WATCHED_PLACES: Final = tuple(map(_UPDATED_COLUMNS.index, _WATCHED_COLUMNS))
_QUIET_COLUMNS: Final = tuple(column for column in _UPDATED_COLUMNS if column not in _WATCHED_COLUMNS)
_QUIET_PLACES: Final = tuple(map(_UPDATED_COLUMNS.index, _QUIET_COLUMNS))
_UPDATE: Final = f"UPDATE domains SET {', '.join(f'{column} = ?' for column in _UPDATED_COLUMNS)} WHERE id = ?"
# With a plus, no index but that of the ids can be chosen.
_UPDATE_QUIETLY: Final = (
    f"UPDATE domains SET {', '.join(f'{column} = ?' for column in _QUIET_COLUMNS)}"
    f" WHERE id = ?{''.join(f' AND +{column} IS ?' for column in _WATCHED_COLUMNS)}"
)


def insert_all(tx: Transaction, domains: Sequence[Domain]) -> None:
    """Store new domains, whose organizations have none of these names yet.

    One that is contested, as the caller has counted in this transaction, makes the others on its name contested too.
    """
    tx.insert_all(
        "domains",
        _INSERTED_COLUMNS,
        [[*DOMAINS.to_row(domain), *_derive_columns(domain), registrable_domain(domain.name)] for domain in domains],
        rows={"id": [domain.id for domain in domains], "org_id": [domain.org_id for domain in domains]},
    )
    contested_names = [domain.name for domain in domains if domain.is_contested]
    if contested_names:
        tx.execute(
            "UPDATE domains SET contested = 1 WHERE name IN (SELECT value FROM json_each(?)) AND contested = 0",
            (encode_list(contested_names),),
        )
    tx.announce(Topic.DOMAINS)
    for org_id in {domain.org_id for domain in domains}:
        tx.announce(Topic.DOMAIN_LISTS, org_id)


def count_of_org(snapshot: Snapshot, org_id: str, limit: int) -> int:
    """Count an organization's domains, but no further than `limit`."""
    return DOMAINS.count_of_org(snapshot, org_id, limit)


def count_ready_of_org(snapshot: Snapshot, org_id: str, limit: int) -> int:
    """Count an organization's domains that are ready, but no further than `limit`."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM (SELECT 1 FROM domains INDEXED BY domains_of_org_ready"
        " WHERE org_id = ? AND ready_since IS NOT NULL LIMIT ?)",
        (org_id, limit),
    )


def count_of_org_with_status(snapshot: Snapshot, org_id: str, status: DomainStatus, limit: int) -> int:
    """Count an organization's domains with a status, but no further than `limit`."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM (SELECT 1 FROM domains WHERE org_id = ? AND status = ? LIMIT ?)", (org_id, status, limit)
    )


def update(tx: Transaction, domain: Domain) -> None:
    """Store a domain's new state."""
    values = (*DOMAINS.to_row(domain)[_FIRST_UPDATED:], *_derive_columns(domain))
    rows = {"id": [domain.id], "org_id": [domain.org_id]}
    quiet, watched = [values[place] for place in _QUIET_PLACES], [values[place] for place in _WATCHED_PLACES]
    if not tx.execute(_UPDATE_QUIETLY, (*quiet, domain.id, *watched), rows=rows):
        tx.execute(_UPDATE, (*values, domain.id), rows=rows)
    tx.announce(Topic.DOMAIN_CHANGES, domain.id)
    tx.announce(Topic.DOMAIN_LISTS, domain.org_id)


def update_labels(tx: Transaction, domain: Domain) -> None:
    """Store what a domain's organization has attached to it anew."""
    tx.execute(
        "UPDATE domains SET external_id = ?, labels = ?, updated_at = ? WHERE id = ?",
        (domain.external_id, encode_json(domain.labels), domain.updated_at, domain.id),
        rows={"id": [domain.id], "org_id": [domain.org_id]},
    )
    tx.announce(Topic.DOMAIN_CHANGES, domain.id)
    tx.announce(Topic.DOMAIN_LISTS, domain.org_id)


def delete_all(tx: Transaction, org_id: str, domain_ids: Collection[str]) -> None:
    """Remove the rows of an organization's domains."""
    tx.execute("DELETE FROM domains WHERE id IN (SELECT value FROM json_each(?))", (encode_list(domain_ids),))
    tx.announce(Topic.DOMAIN_LISTS, org_id)
    for domain_id in domain_ids:
        tx.announce(Topic.DOMAIN_CHANGES, domain_id)


def list_existing_ids(snapshot: Snapshot, org_id: str, ids: Collection[str]) -> list[str]:
    """List those ids that domains of an organization have."""
    return DOMAINS.list_existing_ids(snapshot, org_id, ids)


def find_by_ids(snapshot: Snapshot, domain_ids: Collection[str]) -> dict[str, Domain]:
    """Find the domains with these ids, of whichever organization, by id."""
    domains = DOMAINS.fetch_all(snapshot, "WHERE id IN (SELECT value FROM json_each(?))", (encode_list(domain_ids),))
    return {domain.id: domain for domain in domains}


def find_names(snapshot: Snapshot, domain_ids: Collection[str]) -> dict[str, str]:
    """Find the names of the domains with these ids, by id."""
    rows = snapshot.fetch_all(
        "SELECT id, name FROM domains WHERE id IN (SELECT value FROM json_each(?))", (encode_list(domain_ids),)
    )
    return {row[0]: row[1] for row in rows}


def find_owned_by_names(snapshot: Snapshot, org_id: str, names: Collection[str]) -> dict[str, Domain]:
    """Find an organization's domains with these names, by name."""
    domains = DOMAINS.fetch_all(
        snapshot,
        "WHERE org_id = ? AND name IN (SELECT value FROM json_each(?))",
        (org_id, encode_list(names)),
    )
    return {domain.name: domain for domain in domains}


class NameClaims(NamedTuple):
    """The claims on a name: the id of the organization's own, if any, and how many there are in all."""

    own_id: str | None
    total: int


def count_claims(snapshot: Snapshot, org_id: str, names: Collection[str]) -> dict[str, NameClaims]:
    """Count the claims on each of the names."""
    # Most names are new: a look into two indexes for each costs less than a statement of all columns.
    rows = snapshot.fetch_all(
        "SELECT few.value, (SELECT id FROM domains WHERE org_id = ? AND name = few.value),"
        " (SELECT count(*) FROM domains WHERE name = few.value) FROM json_each(?) few",
        (org_id, encode_list(names)),
    )
    return {name: NameClaims(own_id, total) for name, own_id, total in rows}


def filter_unregistered(snapshot: Snapshot, domain_ids: Collection[str]) -> set[str]:
    """Return those of the ids whose domains are stored and have no custom hostname."""
    return set(
        snapshot.fetch_column(
            "SELECT id FROM domains WHERE id IN (SELECT value FROM json_each(?)) AND cf_id IS NULL",
            (encode_list(domain_ids),),
        )
    )


def get(snapshot: Snapshot, domain_id: str) -> Domain | None:
    """Get a domain by its id, of whichever organization."""
    return DOMAINS.fetch_one(snapshot, "WHERE id = ?", (domain_id,))


def list_by_name(snapshot: Snapshot, name: str) -> list[Domain]:
    """List the claims on a name, of whichever organizations, the oldest first."""
    return DOMAINS.fetch_all(snapshot, "WHERE name = ? ORDER BY id", (name,))


def find_holder(snapshot: Snapshot, name: str) -> Domain | None:
    """Find the proved claim on a name, of whichever organization."""
    return DOMAINS.fetch_one(snapshot, "WHERE name = ? AND proof IS NOT NULL", (name,))


def find_by_name(snapshot: Snapshot, name: str) -> Domain | None:
    """Find the claim that an operator means by a name: the proved one, else the one with a hostname, else the oldest.

    For nobody else: an organization does not learn of the others' claims.
    """
    return DOMAINS.fetch_one(
        snapshot, "WHERE name = ? ORDER BY proof IS NULL, cf_id IS NULL, dormant_since IS NOT NULL, id LIMIT 1", (name,)
    )


def list_within(snapshot: Snapshot, org_id: str, zone: str, *, after: str, limit: int) -> list[Domain]:
    """List an organization's domains at and below a name, by name, after `after`."""
    return DOMAINS.fetch_all(
        snapshot,
        "WHERE org_id = ?1 AND registrable = ?2 AND name > ?3"
        " AND (name = ?4 OR substr(name, -length(?4) - 1) = '.' || ?4) ORDER BY name LIMIT ?5",
        (org_id, registrable_domain(zone), after, zone, limit),
    )


def take_name(tx: Transaction, name: str, domain_id: str) -> None:
    """Take the proof and the hostname at Cloudflare from all claims on a name but one, which gets them next."""
    tx.execute(
        "UPDATE domains SET proof = NULL, proved_at = NULL, cf_id = NULL WHERE name = ? AND id <> ?", (name, domain_id)
    )


def find_by_cloudflare_id(snapshot: Snapshot, cf_id: str) -> Domain | None:
    """Find the domain that holds a custom hostname."""
    return DOMAINS.fetch_one(snapshot, "WHERE cf_id = ?", (cf_id,))


def list_known_hostnames(snapshot: Snapshot, cf_ids: Collection[str]) -> set[str]:
    """List those ids of hostnames at Cloudflare that a domain has."""
    return set(
        snapshot.fetch_column(
            "SELECT d.cf_id FROM json_each(?) few JOIN domains d ON d.cf_id = few.value", (encode_list(cf_ids),)
        )
    )


def list_awake_names(snapshot: Snapshot, names: Collection[str]) -> set[str]:
    """List those names that a domain has which is not dormant, of whichever organization."""
    return set(
        snapshot.fetch_column(
            "SELECT d.name FROM json_each(?) few JOIN domains d ON d.name = few.value WHERE d.dormant_since IS NULL",
            (encode_list(names),),
        )
    )


def list_waiting_groups(snapshot: Snapshot, start: int, end: int, limit: int) -> list[WaitingGroup]:
    """Group the waiting domains whose DNS is right and of which Cloudflare says the same since an instant in this time.

    Two texts are the same where they differ in the hostname alone. The largest groups come first.
    """
    # SQLite takes the columns beside min() from the row that has the minimum.
    rows = snapshot.fetch_all(
        f"SELECT {', '.join(DOMAINS.columns)}, json_group_array(DISTINCT registrable), min(cf_changed_at)"
        " FROM domains INDEXED BY domains_at_stage WHERE lane = 0"
        " AND cf_id IS NOT NULL AND dns_state IN ('verified', 'unverifiable') AND dormant_since IS NULL"
        " AND (validation = 'http' OR challenge_verified = 1) AND cf_changed_at BETWEEN ? AND ?"
        """ AND findings NOT LIKE '%"severity":"error"%'"""
        " GROUP BY dns_state, cf_status, cf_ssl_status, replace(cf_errors, name, ''), replace(cf_ssl_errors, name, '')"
        " ORDER BY count(DISTINCT registrable) DESC LIMIT ?",
        (start, end, limit),
    )
    return [
        WaitingGroup(first=DOMAINS.from_row(row[:-2]), registrable_names=tuple(json.loads(row[-2]))) for row in rows
    ]


def list_latest_broken(snapshot: Snapshot, limit: int) -> list[Domain]:
    """List domains that were ready and are not, of whichever organizations, the latest first."""
    return DOMAINS.fetch_all(snapshot, "WHERE broken_since IS NOT NULL ORDER BY broken_since DESC LIMIT ?", (limit,))


def count_ready_since(snapshot: Snapshot, start: int, limit: int) -> int:
    """Count the domains that have become ready since an instant, and are; up to `limit`."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM (SELECT 1 FROM domains WHERE ready_since >= ? LIMIT ?)", (start, limit)
    )


def list_due_ids(snapshot: Snapshot, lane: CheckLane, now: int, limit: int) -> list[str]:
    """List domains of a lane whose next check is due, the longest waiting first."""
    return snapshot.fetch_column(
        "SELECT id FROM domains WHERE lane = ? AND next_sync_at <= ? ORDER BY next_sync_at LIMIT ?", (lane, now, limit)
    )


def find_next_organization(snapshot: Snapshot, lane: CheckLane, after_org_id: str) -> str | None:
    """Find the organization behind another one, by id, that has domains in a lane."""
    return snapshot.fetch_value(
        "SELECT org_id FROM domains WHERE lane = ? AND org_id > ? ORDER BY org_id LIMIT 1", (lane, after_org_id)
    )


def list_due_ids_of_org(snapshot: Snapshot, lane: CheckLane, org_id: str, now: int, limit: int) -> list[str]:
    """List an organization's domains of a lane whose next check is due, the longest waiting first."""
    return snapshot.fetch_column(
        "SELECT id FROM domains WHERE lane = ? AND org_id = ? AND next_sync_at <= ? ORDER BY next_sync_at LIMIT ?",
        (lane, org_id, now, limit),
    )


def count_due_at_cloudflare(snapshot: Snapshot, after_at: int, now: int, limit: int) -> int:
    """Count the domains with a hostname at Cloudflare that became due for routine after an instant; up to `limit`."""
    due = f"lane = {CheckLane.ROUTINE:d} AND next_sync_at > ? AND next_sync_at <= ?"
    # SQLite by itself would read every due domain, since it takes two bounds of an index for better than one.
    unregistered = snapshot.fetch_count(
        f"SELECT count(*) FROM domains INDEXED BY domains_due_unregistered WHERE {due} AND cf_id IS NULL",
        (after_at, now),
    )
    sql = f"SELECT count(*) FROM (SELECT 1 FROM domains WHERE {due} LIMIT ?)"
    return snapshot.fetch_count(sql, (after_at, now, limit + unregistered)) - unregistered


def list_by_cloudflare_ids(snapshot: Snapshot, cf_ids: Sequence[str]) -> list[Domain]:
    """List the domains that hold any of these custom hostnames; the other hostnames are not ours."""
    return DOMAINS.fetch_all(snapshot, "WHERE cf_id IN (SELECT value FROM json_each(?))", (encode_list(cf_ids),))


def list_renewals_overdue(snapshot: Snapshot, now: int, limit: int) -> list[Domain]:
    """List the domains whose renewals are overdue, the longest overdue first."""
    return DOMAINS.fetch_all(
        snapshot, "WHERE renewal_overdue_at <= ? ORDER BY renewal_overdue_at LIMIT ?", (now, limit)
    )


def set_next_check(tx: Transaction, domain_id: str, check_at: int, lane: CheckLane | None = None) -> None:
    """Plan a check without a new observation; with `lane`, the domain waits in that lane until then."""
    tx.execute(
        "UPDATE domains SET next_sync_at = ?, lane = COALESCE(?, lane) WHERE id = ?",
        (check_at, lane, domain_id),
        rows={"id": [domain_id]},
    )
    tx.announce(Topic.DOMAINS)


def reschedule_beyond(tx: Transaction, latest_at: int, now: int) -> int:
    """Make due the checks that are planned for after an instant; return how many."""
    return sum(
        tx.execute("UPDATE domains SET next_sync_at = ? WHERE lane = ? AND next_sync_at > ?", (now, lane, latest_at))
        for lane in CheckLane
    )


def begin_anew(tx: Transaction, now: int) -> None:
    """Make every domain due for a check, and let its remedies begin at their first step; after a restore."""
    for lane in CheckLane:
        tx.execute(
            "UPDATE domains SET next_sync_at = min(next_sync_at, ?1), heals = 0, healed_at = NULL"
            " WHERE lane = ?2 AND next_sync_at >= 0",
            (now, lane),
        )


def shift_plans(tx: Transaction, step: ClockStep) -> int:
    """Shift the planned checks by a step of the clock; return how many."""
    count = sum(
        plan_shifts.shift_plans(tx, "domains", "next_sync_at", step, f"lane = {lane.value}") for lane in CheckLane
    )
    if count:
        tx.announce(Topic.DOMAINS)
    return count


def _derive_columns(domain: Domain) -> tuple[Any, ...]:
    return (choose_lane(domain), domain_renewal_overdue_at(domain), find_awaited(domain))
