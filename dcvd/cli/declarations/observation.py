"""What there is: organizations as a file would declare them, with the ids by which they are changed."""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET, Struct

from dcvd.api.alerts.view import ContactView
from dcvd.api.webhooks.view import WebhookView
from dcvd.cli.declarations.document import (
    BrandingDeclaration,
    ContactDeclaration,
    EndpointDeclaration,
    OrganizationDeclaration,
)
from dcvd.cli.operations import Operations
from dcvd.core.organizations.status import OrganizationStatus
from dcvd.errors import DcvdError

_NO_MAIL: Final = "mail_not_set_up"


class ObservedOrganization(Struct, frozen=True, kw_only=True):
    """An organization that there is. `zone_ids` and `contact_ids` are by name, and by address.

    `contacts` is None where the daemon has no mail server, and so nobody has contacts.
    """

    id: str
    name: str
    quotas: dict[str, int]
    branding: BrandingDeclaration
    zone_ids: dict[str, str]
    contact_ids: dict[str, str]
    contacts: list[ContactDeclaration] | None
    endpoints: list[EndpointDeclaration]

    def declare(self) -> OrganizationDeclaration:
        """Return what a file says of it."""
        return OrganizationDeclaration(
            id=self.id,
            name=self.name,
            quotas=self.quotas,
            branding=self.branding,
            zones=sorted(self.zone_ids),
            contacts=UNSET if self.contacts is None else self.contacts,
            endpoints=self.endpoints,
        )


async def observe(operations: Operations, chosen: Sequence[str] = ()) -> list[ObservedOrganization]:
    """Observe all organizations that are not being deleted, or those chosen by id or name. Raises DcvdError."""
    listed = await operations.list_organizations()
    return [
        await _observe_one(operations, each.id)
        for each in listed
        if each.status is not OrganizationStatus.DELETING and (not chosen or {each.id, each.name} & set(chosen))
    ]


async def _observe_one(operations: Operations, org_id: str) -> ObservedOrganization:
    overview = await operations.show_organization(org_id)
    branding = await operations.show_branding(org_id)
    zones = await operations.list_zones(org_id)
    contacts = await _list_contacts(operations, org_id)
    webhooks = await operations.list_webhooks({"organization": org_id})
    return ObservedOrganization(
        id=org_id,
        name=overview.name,
        quotas=dict(sorted(overview.own_quotas.items())),
        branding=BrandingDeclaration(
            name=branding.name,
            primary_color=branding.primary_color,
            background_color=branding.background_color,
            language=branding.language,
            return_url=branding.return_url,
            embed_origins=list(branding.embed_origins),
        ),
        zone_ids={zone.name: zone.id for zone in zones},
        contact_ids={contact.address: contact.id for contact in contacts or ()},
        contacts=None if contacts is None else [_declare_contact(contact) for contact in contacts],
        endpoints=[_declare_endpoint(webhook) for webhook in reversed(webhooks.items)],
    )


async def _list_contacts(operations: Operations, org_id: str) -> list[ContactView] | None:
    try:
        found = await operations.list_contacts(org_id)
    except DcvdError as error:
        if error.code == _NO_MAIL:
            return None
        raise
    return sorted(found, key=lambda contact: contact.address)


def _declare_contact(contact: ContactView) -> ContactDeclaration:
    return ContactDeclaration(address=contact.address, kinds=contact.kinds)


def _declare_endpoint(webhook: WebhookView) -> EndpointDeclaration:
    match = webhook.match
    return EndpointDeclaration(
        id=webhook.id,
        name=webhook.name,
        url=webhook.url,
        events=webhook.events,
        enabled=None if webhook.enabled else False,
        max_per_second=webhook.max_per_second,
        timeout_seconds=webhook.timeout_seconds,
        retry_schedule=webhook.retry_schedule,
        ordering=webhook.ordering,
        match_labels={} if match is None else dict(match.labels),
        match_domains=[] if match is None else list(match.domains),
    )
