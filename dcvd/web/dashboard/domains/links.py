"""`/dashboard/…/links`: links by which a domain's customer sets it up themselves."""

from typing import Any, Final

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.instants import DAY
from dcvd.core.links import link_path
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services.domains import queries as domain_queries
from dcvd.services.links import creation, revocation
from dcvd.web.dashboard.domains.view import LINK_DAYS
from dcvd.web.dashboard.visit import open_visit
from dcvd.web.domains.record_cards import build_mail_url


@post("/domains/{domain_id:str}/links", status_code=200)
async def create_link(request: ApiRequest, domain_id: FromPath[str]) -> Template:
    """Make a link, and show its URL this once."""
    visit = await open_visit(request)
    days = (await read_form(request)).get("days", str(LINK_DAYS[0]))
    if days not in map(str, LINK_DAYS):
        raise InvalidInput("days", word("link_days_unusable", days=repr(days), known=", ".join(map(str, LINK_DAYS))))
    created = await creation.create(request.context, request.org_id, domain_id=domain_id, lifetime_ms=int(days) * DAY)
    domain = await domain_queries.get(request.context, request.org_id, domain_id)
    url = request.context.config.server.public_url + link_path(created.link.purpose, created.token.reveal())
    subject = visit.words("domain_link_mail_subject", hostname=domain.name)
    text = visit.words("domain_link_mail_text", hostname=domain.name, organization=visit.look.organization)
    return visit.show(
        "domains/link_created",
        {
            "domain": domain,
            "link": created.link,
            "url": url,
            "mail_url": build_mail_url(subject, f"{text}\r\n\r\n{url}\r\n"),
        },
    )


@post("/links/{link_id:str}/revoke", status_code=200)
async def revoke_link(request: ApiRequest, link_id: FromPath[str]) -> Response[Any]:
    """Revoke a link, which stops working at once."""
    visit = await open_visit(request)
    link = await request.services.token_usage.get_link(request.context, request.org_id, link_id)
    await revocation.revoke(request.context, request.org_id, link_id)
    place = "/domains" if link.domain_id is None else f"/domains/{link.domain_id}"
    return visit.go_to(place, done="done_domain_link_revoked")


HANDLERS: Final[list[HTTPRouteHandler]] = [create_link, revoke_link]
