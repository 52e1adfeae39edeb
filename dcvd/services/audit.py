"""The audit: each use case records what it changes, in the transaction that changes it."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from dcvd.core.audit import (
    DAEMON_CHAIN,
    AuditAction,
    AuditChain,
    AuditDraft,
    AuditEntry,
    ChainFault,
    ChainVerifier,
    compute_hash,
    encode_members,
    keep_changed,
)
from dcvd.core.callers import DAEMON, Caller, CallerKind
from dcvd.core.ids import IdPrefix
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput
from dcvd.services.context import Context
from dcvd.store import audit
from dcvd.store.audit import AuditFilters, AuditPosition
from dcvd.store.engine.paging import Page, decode_cursor, encode_cursor
from dcvd.store.engine.transactions import Snapshot, Transaction

_MAX_EXAMINED: Final = 2_000
"""Entries that one page examines; a page may be short of its limit, but it comes soon."""
_MAX_EXAMINED_OF_ALL: Final = 250_000
"""The same for a page of all chains, whose index alone tells which entries match: some 20 ms."""
_AFTER_ALL: Final = 1 << 62
_POSITION: Final = re.compile(r"([0-9]{1,18}) ([0-9]{1,18}) ([A-Za-z0-9_-]{0,100})", re.ASCII)
_PAGE_SIZE: Final = 1_000


def record(
    context: Context,
    tx: Transaction,
    org_id: str | None,
    action: AuditAction,
    object_id: str | None,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    actor: str | None = None,
) -> None:
    """Record a change in the transaction that makes it.

    org_id: the organization whose change it is; None for the daemon's own, as are those of the operator's endpoints.
    before, after: the members that changed, under their names in the API; secrets never. actor: who made it, where that
    is not the context's caller.
    """
    draft = AuditDraft(action=action, object_id=object_id, before=before, after=after)
    record_all(context, tx, org_id, [draft], actor=actor)


def record_difference(
    context: Context,
    tx: Transaction,
    org_id: str | None,
    action: AuditAction,
    object_id: str | None,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Record a change of an object with two states of it, of which the members that differ are kept."""
    old, new = keep_changed(before, after)
    record(context, tx, org_id, action, object_id, before=old, after=new)


def record_all(
    context: Context, tx: Transaction, org_id: str | None, drafts: Sequence[AuditDraft], *, actor: str | None = None
) -> None:
    """Record several changes of one transaction, see `record`."""
    if not drafts:
        return
    chain_id = DAEMON_CHAIN if org_id in (None, OPERATOR_ORG_ID) else org_id
    audit.append(tx, _chain_up(context, tx, chain_id, drafts, actor))


async def list_page(
    context: Context, org_id: str | None, filters: AuditFilters, *, cursor: str | None, limit: int
) -> Page[AuditEntry]:
    """List entries, newest first, out of the next that are examined. A page may be short and still have a next one."""
    chain_id, before = DAEMON_CHAIN if org_id is None else org_id, _parse_position(cursor)
    count = _MAX_EXAMINED if filters.are_examined else limit + 1
    rows = await context.database.read(
        lambda snapshot: audit.list_backward(snapshot, chain_id, before=before, limit=count)
    )
    matching: list[AuditEntry] = []
    for entry in rows:
        if filters.matches(entry):
            if len(matching) == limit:
                return Page(matching, encode_cursor(str(matching[-1].sequence)))
            matching.append(entry)
    is_last = len(rows) < count
    return Page(matching, None if is_last else encode_cursor(str(rows[-1].sequence)))


async def list_page_of_all(
    context: Context,
    filters: AuditFilters,
    *,
    cursor: str | None,
    limit: int,
    max_examined: int = _MAX_EXAMINED_OF_ALL,
) -> Page[AuditEntry]:
    """List entries of all chains, newest first, out of the next that are examined, as `list_page` does."""
    before = _parse_position_of_all(cursor)

    def query(snapshot: Snapshot) -> Page[AuditEntry]:
        entries = audit.list_of_all(snapshot, filters, before=before, limit=limit + 1, max_examined=max_examined)
        if len(entries) > limit:
            return Page(entries[:limit], _encode_position(audit.position_of(entries[limit - 1])))
        end = audit.find_examined_end(snapshot, filters, before=before, max_examined=max_examined)
        return Page(entries, None if end is None else _encode_position(end))

    return await context.database.read(query)


def iterate(snapshot: Snapshot, org_id: str | None, filters: AuditFilters) -> Iterator[AuditEntry]:
    """Yield the entries of a chain that meet the filters, newest first; reads as far as they are asked for."""
    before = _AFTER_ALL
    while entries := audit.list_backward(
        snapshot, DAEMON_CHAIN if org_id is None else org_id, before=before, limit=_PAGE_SIZE
    ):
        yield from filter(filters.matches, entries)
        before = entries[-1].sequence


def verify_chain(snapshot: Snapshot, org_id: str) -> tuple[AuditChain, int, ChainFault | None]:
    """Verify an organization's chain; return it with the number of its entries that are sound, and its first fault."""
    chain = audit.get_chain(snapshot, org_id)
    return chain, *_verify(snapshot, chain)


def verify_chains(
    snapshot: Snapshot,
) -> Iterator[tuple[AuditChain, int, ChainFault | None]]:
    """Verify chain by chain; yield each as `verify_chain` returns it."""
    after: str | None = None
    while chains := audit.list_chains(snapshot, after=after, limit=_PAGE_SIZE):
        for chain in chains:
            yield chain, *_verify(snapshot, chain)
        after = chains[-1].org_id
    for org_id in audit.list_without_chain(snapshot):
        yield verify_chain(snapshot, org_id)


def _verify(snapshot: Snapshot, chain: AuditChain) -> tuple[int, ChainFault | None]:
    verifier, after = ChainVerifier(chain), 0
    while entries := audit.list_forward(snapshot, chain.org_id, after=after, limit=_PAGE_SIZE):
        for entry in entries:
            if (fault := verifier.feed(entry)) is not None:
                return verifier.count, fault
        after = entries[-1].sequence
    return verifier.count, verifier.end()


def _chain_up(
    context: Context, tx: Transaction, chain_id: str, drafts: Sequence[AuditDraft], actor: str | None
) -> list[AuditEntry]:
    caller = _show_caller(context.caller, chain_id)
    now, name = context.now(), actor or _name_actor(caller)
    last_sequence, previous_hash = audit.read_end(tx, chain_id)
    entries: list[AuditEntry] = []
    ids = context.new_ids(IdPrefix.AUDIT_ENTRY, len(drafts))
    for sequence, (entry_id, draft) in enumerate(zip(ids, drafts, strict=True), last_sequence + 1):
        bare = AuditEntry(
            id=entry_id,
            org_id=chain_id,
            sequence=sequence,
            occurred_at=now,
            actor=name,
            action=draft.action.value,
            object_id=draft.object_id,
            address=caller.address,
            request_id=caller.request_id if caller is DAEMON else draft.request_id or caller.request_id,
            before=encode_members(draft.before),
            after=encode_members(draft.after),
            hash=b"",
        )
        previous_hash = compute_hash(previous_hash, bare)
        entries.append(replace(bare, hash=previous_hash))
    return entries


def _show_caller(caller: Caller, chain_id: str) -> Caller:
    """Return who made a change, as the readers of a chain may know them.

    What one organization does may end a claim of another, which learns that dcvd did it, and of nobody else.
    """
    is_anothers = caller.org_id is not None and chain_id not in (DAEMON_CHAIN, caller.org_id)
    return DAEMON if is_anothers else caller


def _name_actor(caller: Caller) -> str:
    return f"{caller.actor}:{caller.id}" if caller.kind is CallerKind.OPERATOR else caller.actor


def _parse_position(cursor: str | None) -> int:
    text = decode_cursor(cursor)
    if text is None:
        return _AFTER_ALL
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidInput("cursor", word("cursor_unusable"))
    return int(text)


def _encode_position(position: AuditPosition) -> str:
    return encode_cursor(f"{position.occurred_at} {position.sequence} {position.org_id}")


def _parse_position_of_all(cursor: str | None) -> AuditPosition:
    text = decode_cursor(cursor)
    if text is None:
        return AuditPosition()
    match = _POSITION.fullmatch(text)
    if match is None:
        raise InvalidInput("cursor", word("cursor_unusable"))
    return AuditPosition(int(match[1]), match[3], int(match[2]))
