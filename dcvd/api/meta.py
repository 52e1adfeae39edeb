"""`/api/meta`: what everybody may know of this service, such as the addresses from which webhooks come."""

from typing import Annotated, Final

from litestar import get
from msgspec import Meta, Struct

from dcvd import __version__
from dcvd.config import Config
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router


class WebhookTerms(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the receivers of webhooks have to know."""

    source_addresses: Annotated[
        list[str],
        Meta(
            description="The addresses, and the networks in CIDR notation, from which webhooks come, for a list of "
            "what may pass; empty: the operator promises none."
        ),
    ]
    ports: Annotated[list[int], Meta(description="The ports on which receivers may listen.")]


class ServiceLimits(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an organization may have, unless the operator has given it limits of its own."""

    domains: Annotated[int | None, Meta(description="How many domains; null: no limit.")]
    webhooks: Annotated[int | None, Meta(description="How many webhooks; null: no limit.")]
    tokens: Annotated[int | None, Meta(description="How many tokens that have not expired; null: no limit.")]
    connections: Annotated[int | None, Meta(description="How many connections to DNS providers; null: no limit.")]
    zones: Annotated[int | None, Meta(description="How many zones; null: no limit.")]


class ServiceMeta(Struct, frozen=True, kw_only=True, rename="camel"):
    """The facts of this service. The three references start at the service itself where they name no host."""

    version: Annotated[str, Meta(description="The version of dcvd.")]
    instance: Annotated[
        str, Meta(description="Made at each start: two addresses that tell the same one lead to the same process.")
    ]
    documentation: Annotated[str, Meta(description="The description of this API, for people.")]
    openapi: Annotated[str, Meta(description="The same as an OpenAPI document.")]
    event_schemas: Annotated[str, Meta(description="The JSON Schemas of events.")]
    webhooks: Annotated[WebhookTerms, Meta(description="What the receivers of webhooks have to know.")]
    limits: Annotated[ServiceLimits, Meta(description="What an organization may have.")]


class ServiceMetaAnswer(Struct, frozen=True):
    """The facts of this service."""

    meta: Annotated[ServiceMeta, Meta(description="The facts.")]


@get("", summary="Show the facts of this service")
async def get_meta(request: ApiRequest) -> ServiceMetaAnswer:
    """Show the addresses from which webhooks come, the usual limits, the version, and where the documents are.

    This needs no authentication.
    """
    return ServiceMetaAnswer(meta=_build_meta(request.services.context.config, request.services.instance))


def _build_meta(config: Config, instance: str) -> ServiceMeta:
    base, limits = config.server.public_url, config.limits
    networks = config.webhooks.source_addresses
    return ServiceMeta(
        version=__version__,
        instance=instance,
        documentation=f"{base}/schema",
        openapi=f"{base}/schema/openapi.json",
        event_schemas=f"{base}/api/event-schemas",
        webhooks=WebhookTerms(
            # Lists of what may pass take a single address more often than a network of one.
            source_addresses=[
                str(network.network_address if network.num_addresses == 1 else network) for network in networks
            ],
            ports=sorted({80, 443, *config.webhooks.ports}),
        ),
        limits=ServiceLimits(
            domains=limits.domains or None,
            webhooks=limits.endpoints or None,
            tokens=limits.tokens or None,
            connections=limits.connections or None,
            zones=limits.zones or None,
        ),
    )


ROUTER: Final = Router("/api/meta", route_handlers=[get_meta], security=[{}], tags=["Service"])
