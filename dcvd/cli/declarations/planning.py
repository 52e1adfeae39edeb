"""The plan: the calls that make what there is as a file declares it, found without asking anybody."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import UnsetType
from msgspec.structs import asdict

from dcvd.cli.declarations.document import (
    BrandingDeclaration,
    ContactDeclaration,
    Document,
    OrganizationDeclaration,
)
from dcvd.cli.declarations.endpoint_plan import plan_endpoint_removals, plan_endpoints
from dcvd.cli.declarations.observation import ObservedOrganization
from dcvd.cli.declarations.pairing import pair, refuse_doubles
from dcvd.cli.declarations.steps import Action, Plan, Step, change, create, describe_change, remove
from dcvd.core.branding.embed_origins import normalise_origin
from dcvd.core.dns.hostnames import to_a_labels
from dcvd.core.numbers import count

_MOST_REMOVALS: Final = 10
_LEAST_FOR_SHARE: Final = 10
_LARGEST_SHARE: Final = 0.3
_BRANDING_NAMES: Final = {
    "primary_color": "primaryColor",
    "background_color": "backgroundColor",
    "return_url": "returnUrl",
    "embed_origins": "embedOrigins",
}
"""Where the API has another name than the file."""


def plan(document: Document, observed: Sequence[ObservedOrganization], *, prune: bool) -> Plan:
    """Plan what a file needs. Raises DcvdError where it means one organization, or one endpoint, twice."""
    refuse_doubles(document.organizations, ("id", "name"))
    pairs = pair(
        document.organizations,
        observed,
        (lambda declared, found: declared.id == found.id, lambda declared, found: declared.name == found.name),
    )
    steps: list[Step] = []
    removals: list[Step] = []
    for number, declared in enumerate(document.organizations):
        found = pairs.get(number)
        steps += _plan_organization(number, declared, found)
        if found is not None and prune:
            removals += _plan_removals(number, declared, found)
    kept = {found.id for found in pairs.values()}
    if prune:
        removals += (_remove_organization(found) for found in observed if found.id not in kept)
    danger = _find_danger(removals, [found for found in observed if found.id in kept])
    return Plan([*steps, *removals], {number: found.id for number, found in pairs.items()}, danger)


def _plan_organization(
    number: int, declared: OrganizationDeclaration, found: ObservedOrganization | None
) -> Iterator[Step]:
    name = f"organization {declared.name}"
    if found is None:
        yield Step(
            action=Action.CREATE,
            subject=name,
            organization=number,
            method="POST",
            path=None,
            body={"name": declared.name},
        )
    elif declared.name != found.name:
        details = [f"name: {found.name} → {declared.name}"]
        yield change(number, f"organization {found.name}", details, "", {"name": declared.name})
    if not isinstance(declared.quotas, UnsetType):
        before = {} if found is None else found.quotas
        changes = {key: declared.quotas.get(key) for key in sorted({*before, *declared.quotas})}
        changes = {key: value for key, value in changes.items() if value != before.get(key)}
        if changes:
            details = [describe_change(key, before.get(key), value) for key, value in changes.items()]
            yield change(number, f"quotas of {declared.name}", details, "", {"quotas": changes})
    if not isinstance(declared.branding, UnsetType):
        before_branding = BrandingDeclaration() if found is None else found.branding
        yield from _plan_branding(number, declared.name, declared.branding, before_branding)
    if not isinstance(declared.zones, UnsetType):
        known = {} if found is None else found.zone_ids
        for zone in dict.fromkeys(map(to_a_labels, declared.zones)):
            if zone not in known:
                yield create(number, f"zone {zone} of {declared.name}", "/zones", {"name": zone})
    yield from plan_endpoints(number, declared, found)
    yield from _plan_contacts(number, declared, found)


def _plan_branding(
    number: int, name: str, declared: BrandingDeclaration, before: BrandingDeclaration
) -> Iterator[Step]:
    after, was = asdict(declared), asdict(before)
    changes = {key: value for key, value in after.items() if _fold(key, value) != _fold(key, was[key])}
    if changes:
        details = [describe_change(key, was[key], value) for key, value in changes.items()]
        body = {_BRANDING_NAMES.get(key, key): value for key, value in changes.items()}
        yield change(number, f"branding of {name}", details, "/branding", body)


def _plan_contacts(
    number: int, declared: OrganizationDeclaration, found: ObservedOrganization | None
) -> Iterator[Step]:
    if isinstance(declared.contacts, UnsetType):
        return
    known = {contact.address.lower(): contact for contact in (found and found.contacts) or ()}
    ids = {} if found is None else {address.lower(): contact_id for address, contact_id in found.contact_ids.items()}
    for contact in declared.contacts:
        before = known.get(contact.address.lower())
        subject = f"contact {contact.address} of {declared.name}"
        if before is None:
            yield create(number, subject, "/alerts/contacts", {"address": contact.address, "kinds": contact.kinds})
        elif _kinds(before) != _kinds(contact):
            path = f"/api/alerts/contacts/{ids[contact.address.lower()]}"
            details = [describe_change("kinds", before.kinds, contact.kinds)]
            yield change(number, subject, details, path, {"kinds": contact.kinds})


def _plan_removals(number: int, declared: OrganizationDeclaration, found: ObservedOrganization) -> Iterator[Step]:
    yield from plan_endpoint_removals(number, declared, found)
    if not isinstance(declared.zones, UnsetType):
        kept_zones = set(map(to_a_labels, declared.zones))
        for zone, zone_id in found.zone_ids.items():
            if zone not in kept_zones:
                yield remove(number, f"zone {zone} of {declared.name}", f"/zones/{zone_id}")
    if not isinstance(declared.contacts, UnsetType):
        kept_addresses = {contact.address.lower() for contact in declared.contacts}
        for address, contact_id in found.contact_ids.items():
            if address.lower() not in kept_addresses:
                yield remove(number, f"contact {address} of {declared.name}", f"/alerts/contacts/{contact_id}")


def _remove_organization(found: ObservedOrganization) -> Step:
    details = ["with its domains, hostnames at Cloudflare, tokens and everything else of its own"]
    return Step(
        action=Action.REMOVE,
        subject=f"organization {found.name}",
        details=details,
        organization=found.id,
        method="DELETE",
        path="",
    )


def _find_danger(removals: Sequence[Step], kept: Sequence[ObservedOrganization]) -> str | None:
    whole = [step.subject for step in removals if step.path == ""]
    if whole:
        own = "its own" if len(whole) == 1 else "their own"
        return f"It removes {', '.join(whole)}, with everything of {own}."
    if len(removals) > _MOST_REMOVALS:
        return f"It removes {len(removals)} things; more than {_MOST_REMOVALS} at once are seldom meant."
    existing = sum(len(each.endpoints) + len(each.zone_ids) + len(each.contact_ids) for each in kept)
    if existing >= _LEAST_FOR_SHARE and len(removals) > existing * _LARGEST_SHARE:
        share = f"{len(removals)} of {count(existing, 'thing')}"
        return f"It removes {share}; more than {_LARGEST_SHARE:.0%} are seldom meant."
    return None


def _kinds(contact: ContactDeclaration) -> Any:
    return None if contact.kinds is None else sorted(contact.kinds)


def _fold(key: str, value: Any) -> Any:
    if key == "embed_origins":
        return list(map(normalise_origin, value))
    return value.lower() if isinstance(value, str) and key.endswith("_color") else value
