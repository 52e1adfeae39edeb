"""End claims: remove domains' rows with all that hangs on them. At Cloudflare a job removes what nobody needs any more.

Their DNS records are the customer's to remove; a job can also remove those that we wrote ourselves.
"""

from collections.abc import Collection, Sequence
from typing import Final

from dcvd.core.audit import AuditAction, AuditDraft
from dcvd.core.domains.claims import RemovalReason
from dcvd.core.domains.domain import Domain, LeftoverRecord
from dcvd.core.lifecycle import domain_events
from dcvd.core.records.written_records import WrittenRecord, connection_id_of, leftover_records
from dcvd.core.records.zones import DnsWrite
from dcvd.services import audit, timeline
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.jobs import dns_writes
from dcvd.services.lifecycle import hostname_assignment
from dcvd.store import domains, written_records
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import jobs

_GIVEN_TO_ANOTHER: Final = frozenset({RemovalReason.CLAIMED_BY_ANOTHER, RemovalReason.MOVED})
"""With the name goes what stands in DNS: whoever has it now may need it, and decides."""


def erase_domains(
    context: Context,
    tx: Transaction,
    org_id: str,
    removed_domains: Sequence[Domain],
    *,
    actor: str,
    reason: RemovalReason = RemovalReason.REQUESTED,
    remove_records: bool = False,
    remove_hostnames: bool = False,
) -> dict[str, tuple[LeftoverRecord, ...]]:
    """Remove an organization's domains, read in the same unit of work; return by id the records each leaves in DNS.

    Whoever gives a hostname at Cloudflare to another claim takes its id out of `removed_domains` before.

    remove_records: have a job take the records that we wrote out of DNS. Otherwise we forget that we wrote them.
    remove_hostnames: have jobs remove also the hostnames at Cloudflare that are only read, which stay there otherwise.
    """
    timeline.record_requests(context, tx, removed_domains, actor=actor, what="removed")
    audit.record_all(
        context,
        tx,
        org_id,
        [
            AuditDraft(
                action=AuditAction.DOMAIN_REMOVED,
                object_id=domain.id,
                before={"domainName": domain.name, "status": domain.status.value},
                after={"reason": reason.value},
            )
            for domain in removed_domains
        ],
    )
    ids = [domain.id for domain in removed_domains]
    unlearned_ids = hostname_assignment.list_unlearned(tx, removed_domains)
    jobs.end_with_domains(tx, ids, context.now())
    records_by_domain = _group_by_domain(tx, ids)
    leftovers = _find_left_records(removed_domains, records_by_domain, remove_records=remove_records)
    is_given_to_another = reason in _GIVEN_TO_ANOTHER
    if is_given_to_another:
        leftovers = dict.fromkeys(leftovers, ())
    domains.delete_all(tx, org_id, ids)
    hostname_assignment.release(
        context,
        tx,
        org_id,
        removed_domains,
        unlearned_ids,
        is_told_of_others=is_given_to_another,
        removes_read_only=remove_hostnames,
    )
    if remove_records:
        _enqueue_record_removals(context, tx, removed_domains, records_by_domain)
    elif records_by_domain:
        written_records.delete_of_domains(tx, list(records_by_domain))
    recording.record(
        context,
        tx,
        org_id,
        [domain_events.draft_removed_event(domain, leftovers[domain.id], reason) for domain in removed_domains],
    )
    return leftovers


def find_leftovers(
    snapshot: Snapshot, removed_domains: Collection[Domain], *, remove_records: bool
) -> dict[str, tuple[LeftoverRecord, ...]]:
    """Find, by domain id, the records that each of these domains would leave in DNS."""
    return _find_left_records(
        removed_domains,
        _group_by_domain(snapshot, [domain.id for domain in removed_domains]),
        remove_records=remove_records,
    )


def _enqueue_record_removals(
    context: Context,
    tx: Transaction,
    removed_domains: Sequence[Domain],
    records_by_domain: dict[str, list[WrittenRecord]],
) -> None:
    for domain in removed_domains:
        connection_id = connection_id_of(domain, records_by_domain.get(domain.id, []))
        if domain.id in records_by_domain and connection_id is not None:
            dns_writes.enqueue(context, tx, domain, connection_id, DnsWrite(action="remove"))
    written_records.mark_orphaned(tx, list(records_by_domain), context.now())


def _group_by_domain(snapshot: Snapshot, domain_ids: Sequence[str]) -> dict[str, list[WrittenRecord]]:
    records_by_domain: dict[str, list[WrittenRecord]] = {}
    for row in written_records.list_of_domains(snapshot, domain_ids):
        records_by_domain.setdefault(row.domain_id, []).append(row)
    return records_by_domain


def _find_left_records(
    removed_domains: Collection[Domain], records_by_domain: dict[str, list[WrittenRecord]], *, remove_records: bool
) -> dict[str, tuple[LeftoverRecord, ...]]:
    leftovers = {}
    for domain in removed_domains:
        stored_records = records_by_domain.get(domain.id, [])
        is_being_removed = remove_records and connection_id_of(domain, stored_records) is not None
        leftovers[domain.id] = leftover_records(domain, stored_records, being_removed=is_being_removed)
    return leftovers
