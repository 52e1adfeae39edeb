"""`/dashboard/domains`: the list, which changes in place, and the same as CSV."""

from typing import Any, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Template
from msgspec import Struct

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.dns.hostnames import normalise_search
from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.http.bodies.csv_download import answer_csv
from dcvd.http.request import ApiRequest
from dcvd.services.domains import csv_export, details, queries
from dcvd.services.domains.queries import DomainQuery
from dcvd.store.domain_lists import DomainOrder
from dcvd.store.engine.transactions import Topic
from dcvd.web.dashboard.domains.list_query import ListedState, ListQuery, read_list_query, write_list_query
from dcvd.web.dashboard.live import answer_list_changes, get_changes
from dcvd.web.dashboard.visit import Visit, open_visit
from dcvd.web.domains.verdict_words import VerdictWords, tell_verdict

PAGE_SIZE: Final = 50


class DomainRow(Struct, frozen=True):
    """A row of a list: a domain, and the verdict on it."""

    domain: Domain
    verdict: VerdictWords


@get("/domains")
async def show_list(request: ApiRequest) -> Template:
    """Show a page of the domains."""
    visit = await open_visit(request)
    context, org_id = request.context, request.org_id
    asked = read_list_query(request.query_params, context.now())
    page = await queries.list_page(
        context, org_id, asked.query, cursor=request.query_params.get("cursor"), limit=PAGE_SIZE
    )
    meant = await _find_meant(request, asked, page.items)
    return visit.show(
        "domains/list",
        {
            "rows": build_rows(visit, page.items),
            "next_url": visit.link_next(page.next_cursor),
            "asked": asked,
            "meant": None if meant is None else build_rows(visit, [meant])[0],
            "searched_name": normalise_search(asked.search) if asked.search else "",
            "states": [(each.value, visit.words(f"domains_state_{each.value}")) for each in ListedState],
            "statuses": [(each.value, each.value) for each in DomainStatus],
            "codes": _list_findings(visit),
            "orders": [(each.value, visit.words(_ORDERS[each])) for each in DomainOrder],
            "list_query": write_list_query(request.query_params),
        },
    )


def _list_findings(visit: Visit) -> list[tuple[str, str]]:
    """List the findings that can be chosen, by their names in the page's language, each with its code."""
    named = [(each.value, f"{visit.words(f'finding_{each.value}')} ({each.value})") for each in FindingCode]
    return sorted(named, key=lambda choice: choice[1].casefold())


@get_changes("/domains/changes")
async def follow_list(request: ApiRequest) -> Response[Any]:
    """Tell the open list of each change (server-sent events)."""
    return answer_list_changes(request, Topic.DOMAIN_LISTS)


@get("/domains.csv")
async def download_list(request: ApiRequest) -> Response[Any]:
    """Download what the filters ask for, all of it, as CSV."""
    asked = read_list_query(request.query_params, request.context.now())
    pieces = csv_export.encode_all(request.context, request.org_id, asked.query)
    return answer_csv(request.receive, pieces, "domains.csv", request.admit_download())


def build_rows(visit: Visit, domains: list[Domain]) -> list[DomainRow]:
    """Return the domains with the verdicts on them."""
    context = visit.request.context
    now = context.now()
    rows = []
    for domain in domains:
        detail = details.describe(context, domain)
        rows.append(DomainRow(detail.domain, tell_verdict(detail.domain, detail.findings, now, visit.words)))
    return rows


async def _find_meant(request: ApiRequest, asked: ListQuery, found: list[Domain]) -> Domain | None:
    """Find the one domain that a search means: the one of this name, or the only one that there is."""
    if not asked.search or request.query_params.get("cursor"):
        return None
    name = normalise_search(asked.search)
    same = next((domain for domain in found if domain.name == name), None)
    if same is None and len(found) == PAGE_SIZE:
        exact = DomainQuery(name=name)
        same = next(
            iter((await queries.list_page(request.context, request.org_id, exact, cursor=None, limit=1)).items), None
        )
    return found[0] if same is None and len(found) == 1 else same


_ORDERS: Final = {
    DomainOrder.NEWEST: "domains_order_newest",
    DomainOrder.OLDEST: "domains_order_oldest",
    DomainOrder.NAME: "domains_order_name",
    DomainOrder.EXPIRY: "domains_order_expiry",
}
HANDLERS: Final[list[HTTPRouteHandler]] = [show_list, follow_list, download_list]
