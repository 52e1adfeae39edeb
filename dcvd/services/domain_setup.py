"""What a customer sees who connects a domain: how far it is, what to type, and how it can be done for them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

import structlog
from msgspec import Struct

from dcvd.core.branding.branding import Branding
from dcvd.core.connections.connection import Connection, ConnectionStatus, Provider
from dcvd.core.diagnosis.setup_steps import StepProgress, list_steps
from dcvd.core.dns.provider_table import CLOUDFLARE, GODADDY, DnsProvider
from dcvd.core.dns.providers import find_provider_by_name
from dcvd.core.domains.domain import Domain, Finding, RequiredRecord
from dcvd.core.domains.typed_records import find_zone, required_records_to_type
from dcvd.core.instants import SECOND
from dcvd.core.sentences.wording import word
from dcvd.errors import NotConfigured, NotFound, Retryable, TooManyRequests
from dcvd.oauth.tokens import TokenClient
from dcvd.services.context import Context
from dcvd.services.diagnosis import Diagnosis, diagnose_stored_domain
from dcvd.services.domains import queries
from dcvd.services.domains.queries import get_owned
from dcvd.services.lifecycle import checks
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.organizations import branding as branding_table
from dcvd.store.organizations import organizations

_CONSENT_PROVIDERS: Final[dict[str, Provider]] = {CLOUDFLARE.name: Provider.CLOUDFLARE, GODADDY.name: Provider.GODADDY}
"""Those where customers consent by OAuth, by the names under which their name servers are known."""


_MAX_CONNECTIONS: Final = 10
_HURRY_MS: Final = 10 * SECOND

log = structlog.get_logger(__name__)


class PageOwner(Struct, frozen=True):
    """The organization for which a page speaks, and how it looks."""

    name: str
    branding: Branding

    @property
    def shown_name(self) -> str:
        """Its name as its customers know it."""
        return self.branding.name or self.name


class DomainSetup(Struct, frozen=True, kw_only=True):
    """A domain on its way, as of its last check.

    records: what has to stand in DNS, found or not. provider: who runs the zone, as far as it was recognised.
    connection: the one that this link made and that works, newest first.
    """

    domain: Domain
    findings: tuple[Finding, ...]
    steps: tuple[StepProgress, ...]
    records: tuple[RequiredRecord, ...]
    zone: str
    provider: DnsProvider | None
    connection: Connection | None


async def read_owner(context: Context, org_id: str) -> PageOwner:
    """Read for whom a page speaks."""

    def query(snapshot: Snapshot) -> PageOwner:
        organization = organizations.find(snapshot, org_id)
        if organization is None:
            raise NotFound(word("organization_missing"))
        return PageOwner(organization.name, branding_table.get(snapshot, org_id))

    return await context.database.read(query)


async def read_setup(context: Context, org_id: str, domain_id: str) -> DomainSetup:
    """Read how far a domain is. Raises NotFound, also for another organization's."""

    def query(snapshot: Snapshot) -> tuple[Diagnosis, Connection | None]:
        diagnosis = diagnose_stored_domain(context, snapshot, get_owned(snapshot, org_id, domain_id))
        link_id = context.caller.link_id
        made = connections.list_of_org(snapshot, org_id, before=None, limit=_MAX_CONNECTIONS, link_id=link_id or "")
        return diagnosis, next((each for each in made if each.status is ConnectionStatus.ACTIVE), None)

    diagnosis, connection = await context.database.read(query)
    domain = diagnosis.domain
    return DomainSetup(
        domain=domain,
        findings=diagnosis.findings,
        steps=list_steps(domain, diagnosis.findings),
        records=required_records_to_type(domain),
        zone=find_zone(domain),
        provider=find_provider_by_name(domain.dns_provider),
        connection=connection,
    )


async def hurry_check(
    context: Context,
    org_id: str,
    domain_id: str,
    admit: Callable[[str, str | None], AbstractContextManager[None]],
) -> None:
    """Have a domain checked soon, because its customer looks at it, as far as `admit` allows.

    Nothing is done for one that is ready, or that was or will be checked within seconds.
    """
    domain, now = await queries.get(context, org_id, domain_id), context.now()
    is_fresh = domain.dns_checked_at is not None and now - _HURRY_MS < domain.dns_checked_at <= now
    if domain.is_ready or is_fresh or domain.next_check_at < now + _HURRY_MS:
        return
    try:
        with admit(org_id, context.caller.link_id):
            await checks.check_now(context, domain_id)
    except (TooManyRequests, Retryable) as error:
        log.debug("setup.not_hurried", domain_id=domain_id, reason=error.message)


def list_consent_providers(token_client: TokenClient, provider: DnsProvider | None) -> list[Provider]:
    """List where the customer may consent by OAuth to have their records written.

    That is the provider of their zone, if it was recognised and our client there is set up; else any whose client is.
    """
    if provider is None:
        candidates: list[Provider] = [each for each in Provider if each is not Provider.ROUTE53]
    else:
        candidates = [each for name, each in _CONSENT_PROVIDERS.items() if name == provider.name]
    return [each for each in candidates if _has_client(token_client, each)]


def _has_client(token_client: TokenClient, provider: Provider) -> bool:
    try:
        token_client.servers.get_client(provider)
    except NotConfigured:
        return False
    return True
