"""The domains of all organizations, as operators read them: what is wrong, who has to act, and whose they are."""

import re
from typing import Final

from msgspec import Struct

from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.diagnosis.reason import Reason, find_reason, is_stuck, list_reason_codes
from dcvd.core.diagnosis.summary import summarize_domain
from dcvd.core.domains.domain import Domain
from dcvd.core.sentences.wording import word
from dcvd.core.unknown_names import refuse_unknown
from dcvd.errors import InvalidInput, NotFound
from dcvd.services.context import Context
from dcvd.services.domains import details, queries
from dcvd.services.domains.details import DomainDetail
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.lifecycle import registration_queue
from dcvd.store import domains, domains_of_all
from dcvd.store.domains_of_all import Step
from dcvd.store.engine.paging import Page, build_page, decode_cursor, encode_cursor
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.organizations import organizations
from dcvd.store.organizations.organizations import Organization

_CLOUDFLARES_CODE: Final = re.compile(r"cloudflare_[a-z0-9_]+")
_STEP_SIZE: Final = 1000
_MAX_STEPS: Final = 16
_MAX_JUDGED: Final = 2000
"""So many domains are looked at, and the findings of so many judged, in one call."""


class DomainOverview(Struct, frozen=True):
    """A domain with its organization, the reason that decides (see `diagnosis.reason`), and a summary in English."""

    detail: DomainDetail
    organization: Organization
    reason: Reason | None
    is_stuck: bool
    summary: str


def parse_reason(text: str | None) -> str | None:
    """Parse the code of a reason, which may also be that of a refusal; None stays None. Raises InvalidInput."""
    if text is None or _CLOUDFLARES_CODE.fullmatch(text):
        return text
    known = list_reason_codes()
    if text not in known:
        raise InvalidInput("reason", refuse_unknown("reason", text, known))
    return text


async def get(context: Context, domain_id: str) -> DomainOverview:
    """Get a domain of whichever organization. Raises NotFound."""
    domain = await context.database.read(lambda snapshot: domains.get(snapshot, domain_id))
    if domain is None:
        raise NotFound(word("domain_unknown", domain=domain_id))
    (overview,) = await _describe_all(context, [domain])
    return overview


async def list_page(
    context: Context, query: DomainQuery, *, org_id: str | None, cursor: str | None, limit: int
) -> Page[DomainOverview]:
    """List the domains of an organization, or of all where `org_id` is None.

    So many are looked at in one call: the page may have fewer domains than `limit`, and none at all, where it has a
    next one. Raises InvalidInput for a cursor that is none, or of a list in another order.
    """
    if org_id is None:
        page = await _list_of_all(context, query, cursor=cursor, limit=limit)
    else:
        page = await queries.list_page(context, org_id, query, cursor=cursor, limit=limit)
    return Page(await _describe_all(context, page.items), page.next_cursor)


async def _list_of_all(context: Context, query: DomainQuery, *, cursor: str | None, limit: int) -> Page[Domain]:
    order, position, now = query.order, decode_cursor(cursor), context.now()
    wanted = query.write_filter(now, reach=None)

    async def walk(after: str | None, most: int) -> Step:
        return await context.database.read(
            lambda snapshot: domains_of_all.list_step(snapshot, wanted, order, after=after, size=_STEP_SIZE, limit=most)
        )

    found: list[Domain] = []
    judged = 0
    for _ in range(_MAX_STEPS):
        step = await walk(position, _STEP_SIZE if query.asks_for_findings else limit + 1 - len(found))
        judged += len(step.found)
        position = step.position
        found += [domain for domain in step.found if _is_included(context, query, domain, now)]
        if len(found) > limit:
            return build_page(found, limit, [domains_of_all.key_of(domain, order) for domain in found])
        if position is None:
            return Page(found, None)
        if query.asks_for_findings and judged >= _MAX_JUDGED:
            break
    assert position is not None, "a walk that is not at its end has a position"
    return Page(found, encode_cursor(position))


def _is_included(context: Context, query: DomainQuery, domain: Domain, now: int) -> bool:
    if not query.asks_for_findings:
        return True
    return query.includes(domain, findings_of(domain, now, saas_zone=context.saas_zone.value), now)


async def _describe_all(context: Context, found: list[Domain]) -> list[DomainOverview]:
    """Describe domains; one whose organization was deleted meanwhile is left out."""
    positions = await registration_queue.find_positions(context, found)
    owners = await context.database.read(_read_owners) if found else {}
    now, overviews = context.now(), []
    for domain in found:
        owner = owners.get(domain.org_id)
        if owner is None:
            continue
        detail = details.describe(context, domain, positions.get(domain.id))
        reason = find_reason(domain)
        overviews.append(
            DomainOverview(
                detail,
                owner,
                reason,
                is_stuck(domain, reason, now),
                summarize_domain(domain, detail.findings, now=now),
            )
        )
    return overviews


def _read_owners(snapshot: Snapshot) -> dict[str, Organization]:
    return {organization.id: organization for organization in organizations.list_all(snapshot)}
