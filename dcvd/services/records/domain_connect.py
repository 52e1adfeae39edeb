"""Domain Connect: the URL at which a customer has their DNS provider create the records of a domain."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog
from msgspec import Struct

from dcvd.config import Config
from dcvd.core.domains.domain import WAITING_STATUSES, Domain, Record
from dcvd.core.domains.required_records import required_records
from dcvd.core.ids import may_be_id
from dcvd.core.records.domain_connect import (
    RETURN_PATH,
    append_signature,
    encode_query,
    prepare_application,
    template_path,
)
from dcvd.core.secret import Secret
from dcvd.core.sentences.wording import word
from dcvd.errors import Conflict, InvalidInput, NotConfigured, Retryable, TooManyRequests
from dcvd.providers.domain_connect.discovery import DiscoveredProvider, DomainConnectDiscovery
from dcvd.providers.domain_connect.signing import sign
from dcvd.services.context import Context
from dcvd.services.domains import queries
from dcvd.services.lifecycle import checks
from dcvd.store import domains as stored_domains

log = structlog.get_logger(__name__)


class ApplyUrl(Struct, frozen=True, kw_only=True):
    """Where to send the customer's browser. zone: the provider's. width, height: of the window, in pixels."""

    provider_id: str
    provider_name: str
    zone: str
    url: str
    width: int
    height: int


async def build_apply_url(
    context: Context,
    discovery: DomainConnectDiscovery,
    admit: Callable[[str, str | None], AbstractContextManager[None]],
    org_id: str,
    domain_id: str,
    *,
    redirect_uri: str | None,
) -> ApplyUrl:
    """Build a signed URL, as far as `admit` allows: DNS and a provider are asked.

    The state that comes back with the customer is the domain's id. Without a `redirect_uri` they come back to where
    their link leads, or to a page of ours, if `server.public_url` is set.

    Raises NotFound (also where the provider does not offer Domain Connect), Conflict where the template does not give
    the domain what it needs or the provider does not know it, InvalidInput for a redirect that is not configured,
    NotConfigured without a template and a key, Retryable where the provider gives no answer, and what `admit` raises.
    """
    config = context.config
    domain = await queries.get(context, org_id, domain_id)
    with admit(org_id, context.caller.link_id):
        private_key = require_private_key(config)
        if redirect_uri is not None and redirect_uri not in config.oauth.return_to:
            raise InvalidInput("redirectUri", word("redirect_uri_unlisted"))
        records = _collect_records(domain)
        discovery_result = await discovery.discover_provider(org_id, domain.name)
        application = prepare_application(records, zone=discovery_result.zone, target=config.cloudflare.cname_target)
        sync_url = await _find_sync_url(config, discovery, org_id, discovery_result)
    parameters = application.to_parameters()
    return_uri = redirect_uri or _find_return_uri(context)
    if return_uri is not None:
        parameters |= {"redirect_uri": return_uri, "state": domain.id}
    query = encode_query(parameters)
    template = config.providers_domain_connect
    signed_query = append_signature(query, key=template.key, signature=sign(query, private_key))
    return ApplyUrl(
        provider_id=discovery_result.provider.provider_id,
        provider_name=discovery_result.provider.name,
        zone=discovery_result.zone,
        url=f"{sync_url}{template_path(template.provider_id, template.service_id)}/apply?{signed_query}",
        width=discovery_result.provider.width,
        height=discovery_result.provider.height,
    )


async def handle_return(context: Context, state: str, admit: Callable[[str], AbstractContextManager[None]]) -> None:
    """Make a domain's check due: its customer came back with `state` from a provider that seems to have the record.

    Anybody can come with any state, which must not cost more than the checks that an organization may ask for: `admit`
    bounds them.
    """
    if not may_be_id(state):
        return
    domain = await context.database.read(lambda snapshot: stored_domains.get(snapshot, state))
    if domain is None or domain.status not in WAITING_STATUSES:
        return
    try:
        with admit(domain.org_id):
            await checks.check_now(context, domain.id)
    except (TooManyRequests, Retryable) as error:
        log.info("domain_connect.not_hurried", domain_id=domain.id, reason=error.message)


def require_private_key(config: Config) -> Secret:
    """Return the key that signs URLs. Raises NotConfigured naming every setting that is missing."""
    template = config.providers_domain_connect
    missing_settings = [
        f"providers.domain_connect.{name}"
        for name, is_set in (
            ("provider_id", template.provider_id),
            ("service_id", template.service_id),
            ("private_key_file", template.private_key),
        )
        if not is_set
    ]
    if missing_settings or template.private_key is None:
        raise NotConfigured(f"Domain Connect is not set up: the operator has to set {', '.join(missing_settings)}.")
    return template.private_key


def _find_return_uri(context: Context) -> str | None:
    """Return where the customer comes back to if the caller does not say it: where their link leads, or a page of ours.

    The provider sends them to what the operator configured alone; a branding's address is for our own pages.
    """
    config, link = context.config, context.caller.link
    if link is not None and link.return_to in config.oauth.return_to:
        return link.return_to
    return f"{config.server.public_url}{RETURN_PATH}" if config.server.public_url else None


async def _find_sync_url(
    config: Config, discovery: DomainConnectDiscovery, org_id: str, discovery_result: DiscoveredProvider
) -> str:
    template, provider = config.providers_domain_connect, discovery_result.provider
    if provider.sync_url is None or not await discovery.has_template(
        org_id, discovery_result, template.provider_id, template.service_id
    ):
        raise Conflict(
            word(
                "template_not_supported", name=provider.name, provider=template.provider_id, service=template.service_id
            ),
            code="template_not_supported",
        )
    return provider.sync_url


def _collect_records(domain: Domain) -> list[Record]:
    records = []
    for record in required_records(domain):
        if record.value is None:
            raise Conflict(word("record_not_known_yet", name=record.name), code="record_not_known_yet")
        records.append(Record(record.type, record.name, record.value))
    return records
