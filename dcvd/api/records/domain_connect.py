"""`/api/domains/{id}/domain-connect`: a link on which customers let their DNS provider create the records."""

from typing import Final

from litestar import post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.http.documentation import BodyMayBeEmpty, problems
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.records import domain_connect


class DomainConnectRequest(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`redirectUri`: where the customer comes back to; one of those that the operator configured."""

    redirect_uri: str | None = None


_NO_REDIRECT: Final = DomainConnectRequest()


class DnsProviderView(Struct, frozen=True):
    id: str
    name: str


class ApplyLinkView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A link at the provider. `zone`: the domain there. `width`, `height`: of a window for the page, in pixels."""

    provider: DnsProviderView
    zone: str
    apply_url: str
    width: int
    height: int


@post(
    "/domains/{domain_id:str}/domain-connect",
    summary="Have the customer's DNS provider create the records",
    status_code=200,
    operation_class=BodyMayBeEmpty,
    opt={"link": True},
    responses=problems(409, 501),
)
async def create_domain_connect_link(
    request: ApiRequest, domain_id: FromPath[str], data: JSONBody[DomainConnectRequest] = _NO_REDIRECT
) -> ApplyLinkView:
    """Find the provider by the customer's zone, and answer with a signed link on which the customer confirms.

    That the customer comes back proves nothing: the record counts when DNS has it, as always. 404
    `domain_connect_not_found`: the provider does not offer it. 409 `template_not_supported`: it does not know our
    template.
    """
    services = request.services
    link = await domain_connect.build_apply_url(
        request.context,
        services.discovery,
        services.diagnoser.admit,
        request.org_id,
        domain_id,
        redirect_uri=data.redirect_uri,
    )
    return ApplyLinkView(
        provider=DnsProviderView(link.provider_id, link.provider_name),
        zone=link.zone,
        apply_url=link.url,
        width=link.width,
        height=link.height,
    )


ROUTER: Final = Router(
    "/", route_handlers=[create_domain_connect_link], opt={"subject": "domains", "limited": True}, tags=["Domains"]
)
