"""What the page of a domain shows."""

from typing import Any, Final

from dcvd.core.connections.connection import Connection, ConnectionStatus
from dcvd.core.diagnosis.lights import find_lights
from dcvd.core.dns.provider_table import CLOUDFLARE
from dcvd.core.dns.providers import find_provider_by_name
from dcvd.core.domains.typed_records import find_zone, required_records_to_type
from dcvd.core.links import Link
from dcvd.services import timeline
from dcvd.services.connections import queries as connections
from dcvd.services.domain_report import read_report
from dcvd.services.links.queries import LinkFilter
from dcvd.web.dashboard.navigation import CONNECTIONS, JOBS, LINKS
from dcvd.web.dashboard.visit import Visit
from dcvd.web.domains.record_cards import build_cards, build_mail
from dcvd.web.domains.verdict_words import tell_verdict

_HISTORY_SIZE: Final = 15
_MAX_LINKS: Final = 20
_MAX_CONNECTIONS: Final = 50
LINK_DAYS: Final = (1, 7, 30)
"""How many days a new link may be chosen to work."""


async def read_view(visit: Visit, domain_id: str) -> dict[str, Any]:
    """Read what the template takes. Raises NotFound, also for another organization's."""
    request = visit.request
    context, org_id = request.context, request.org_id
    report = await read_report(context, org_id, domain_id)
    domain, findings = report.domain, report.diagnosis.findings
    history = await timeline.list_page(context, org_id, domain_id, newest_first=True, cursor=None, limit=_HISTORY_SIZE)
    zone, provider = find_zone(domain), find_provider_by_name(domain.dns_provider)
    cards = build_cards(required_records_to_type(domain), zone, visit.words)
    now = context.now()
    return {
        "report": report,
        "domain": domain,
        "findings": findings,
        "verdict": tell_verdict(domain, findings, now, visit.words),
        "lights": find_lights(domain, findings, now),
        "records": cards,
        "zone": zone,
        "provider": provider,
        "is_cloudflare": provider is not None and provider.name == CLOUDFLARE.name,
        **build_mail(cards, domain.name, zone, visit.look.organization, visit.words),
        "history": history.items,
        "has_more_history": history.next_cursor is not None,
        "may_retry": visit.may(JOBS, "POST"),
        "connections": await _list_connections(visit),
        "may_see_links": visit.may(LINKS),
        "may_make_links": visit.may(LINKS, "POST"),
        "links": [(link, link.find_status(now)) for link in await _list_links(visit, domain_id)],
        "link_days": LINK_DAYS,
    }


async def _list_connections(visit: Visit) -> list[Connection]:
    """List the connections that work, for those who may know of them and write by them."""
    request = visit.request
    if not (visit.may(CONNECTIONS) and visit.may(request.scope["route_handler"].opt, "POST")):
        return []
    usage = request.services.access.usage
    page = await connections.list_page(request.context, usage, request.org_id, cursor=None, limit=_MAX_CONNECTIONS)
    return [each for each in page.items if each.status is ConnectionStatus.ACTIVE]


async def _list_links(visit: Visit, domain_id: str) -> list[Link]:
    request = visit.request
    if not visit.may(LINKS):
        return []
    wanted = LinkFilter(domain_id=domain_id)
    page = await request.services.token_usage.list_links(
        request.context, request.org_id, wanted, cursor=None, limit=_MAX_LINKS
    )
    return page.items
