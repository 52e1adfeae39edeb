"""`/dashboard`: how the organization stands, as far as the caller may see it."""

from typing import Any, Final

from litestar import get
from litestar.response import Template

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.diagnosis.verdict import AWAITED_BY_STATE, VerdictState
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.domains import tallies
from dcvd.services.webhooks import troubles
from dcvd.store.domain_counts import COUNTED_UP_TO, DomainTally
from dcvd.web.dashboard.domains.domain_list import build_rows
from dcvd.web.dashboard.navigation import DELIVERIES, DOMAINS, OVERVIEW, WEBHOOKS
from dcvd.web.dashboard.overview import sessions
from dcvd.web.dashboard.visit import Visit, open_visit

_MAX_BROKEN: Final = 8


@get("/")
async def show_overview(request: ApiRequest) -> Template:
    """Show what needs somebody, and how many domains stand how."""
    visit = await open_visit(request)
    return visit.show("overview/overview", {**await _read_domains(visit), **await _read_webhooks(visit)})


async def _read_domains(visit: Visit) -> dict[str, Any]:
    context, org_id = visit.request.context, visit.request.org_id
    if not visit.may(DOMAINS):
        return {"may_see_domains": False, "has_no_domain": False, "broken": []}
    tally = await tallies.count(context, org_id)
    broken = (
        await tallies.list_latest_broken(context, org_id, limit=_MAX_BROKEN) if tally is None or tally.broken else []
    )
    return {
        "may_see_domains": True,
        "may_add_domains": visit.may(DOMAINS, "POST"),
        "has_no_domain": tally is not None and not tally.total,
        "tiles": None if tally is None else _build_tiles(tally),
        "counted_up_to": COUNTED_UP_TO,
        "broken": build_rows(visit, broken),
    }


def _build_tiles(tally: DomainTally) -> list[tuple[str, int]]:
    """Return the filters of the list of domains, each with how many it shows."""

    def count(awaited: frozenset[Awaited]) -> int:
        return sum(tally.waiting.get(each, 0) for each in awaited)

    return [
        ("ready", tally.ready),
        ("customer", count(AWAITED_BY_STATE[VerdictState.CUSTOMER])),
        ("service", count(AWAITED_BY_STATE[VerdictState.SERVICE])),
        ("progress", count(AWAITED_BY_STATE[VerdictState.PROGRESS])),
        ("broken", tally.broken),
        ("expiring", tally.expiring),
    ]


async def _read_webhooks(visit: Visit) -> dict[str, Any]:
    """Read what of the webhooks is the whole organization's, for those who may read it."""
    request = visit.request
    may_see_deliveries = visit.may(DELIVERIES) and request.auth.domains is None
    return {
        "troubled": await troubles.list_troubled(request.context, request.org_id) if visit.may(WEBHOOKS) else (),
        "dead": await troubles.count_dead(request.context, request.org_id) if may_see_deliveries else 0,
        "dead_counted_up_to": troubles.DEAD_COUNTED_UP_TO,
    }


ROUTERS: Final = (Router("/", route_handlers=[show_overview, *sessions.HANDLERS], opt=OVERVIEW),)
