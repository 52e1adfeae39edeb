"""What an organization of the place has: something of everything, and what is made anew for each command."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any, Final, cast

import msgspec

from dcvd.api.operators.all.views import OrganizationDelivery
from dcvd.api.webhooks.delivery_view import DeliveryView
from dcvd.api.webhooks.view import WebhookAnswer
from dcvd.cli.operations import Operations
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import HOUR
from dcvd.core.tokens.token import Role
from dcvd.core.webhooks.deliveries import DeliveryStatus
from tests.cli.processes import House
from tests.cli.webhooks.stuck import make_id
from tests.waiting import until

ORGANIZATION: Final = "Acme"


async def seed(operations: Operations) -> dict[str, str]:
    """Give an organization of everything something, at a running daemon; and wait until what can fail has failed.

    org, org_id, domain, domain_id, token, bearer (another token itself), webhook, url (its), held (a disabled one),
    delivery, job, member, link, zone, event, contact; and of the operator's own programs: program, an endpoint, and
    program_delivery.
    """
    acme = await operations.create_organization(ORGANIZATION)
    path = f"/operator/organizations/{acme.id}"
    programs = {"url": "http://127.0.0.1:9/programs", "events": ["domain.added"]}
    program = await operations.create_program_webhook(programs)
    held_program = await operations.create_program_webhook(programs | {"url": "http://127.0.0.1:9/held"})
    await operations.change_program_webhook(held_program.id, {"enabled": False})
    hook = {"url": "http://127.0.0.1:9/hook", "events": ["*"]}
    webhook = (await operations.call("POST", f"{path}/api/webhooks", WebhookAnswer, body=hook)).webhook
    held = {"url": "http://127.0.0.1:9/held", "events": ["domain.added"]}
    disabled = (await operations.call("POST", f"{path}/api/webhooks", WebhookAnswer, body=held)).webhook
    await operations.call("PATCH", f"{path}/api/webhooks/{disabled.id}", WebhookAnswer, body={"enabled": False})
    domain_id = await _add_domain(operations, acme.id, "app")
    token = await operations.create_token(acme.id, name="ci", role=Role.ADMIN, expires_at=None)
    other = await operations.create_token(acme.id, name="listener", role=Role.MEMBER, expires_at=None)
    member = await operations.invite_member(acme.id, "boss@example.com", Role.OWNER)
    link = await operations.create_link(acme.id, domain=domain_id, lifetime_ms=HOUR, return_to=None)
    zone = await operations.add_zone(acme.id, "customer.com")
    contact = await operations.add_contact(acme.id, address="ops@example.com", member_id=None, kinds=None)
    jobs = await _read(operations, f"{path}/api/jobs")

    async def list_dead() -> list[OrganizationDelivery]:
        return (await operations.list_deliveries({"organization": acme.id, "status": "dead"})).items

    async def list_dead_programs() -> list[DeliveryView]:
        return (await operations.list_program_deliveries(program.id, DeliveryStatus.DEAD)).items

    async def has_failed() -> bool:
        return bool(await list_dead() and await list_dead_programs())

    await until(has_failed)
    return {
        "org": ORGANIZATION,
        "org_id": acme.id,
        "domain": "app.customer.com",
        "domain_id": domain_id,
        "token": token.id,
        "bearer": str(other.token),
        "webhook": webhook.id,
        "held": disabled.id,
        "url": webhook.url,
        "delivery": (await list_dead())[0].id,
        "event": (await list_dead())[0].event_id,
        "job": cast("str", jobs["jobs"][0]["id"]),
        "member": member.id,
        "link": link.id,
        "zone": zone.id,
        "contact": contact.id,
        "program": program.id,
        "program_delivery": (await list_dead_programs())[0].id,
    }


async def _add_domain(operations: Operations, org_id: str, unique: str) -> str:
    body = {"domainName": f"{unique}.customer.com"}
    answer = await _read(operations, f"/operator/organizations/{org_id}/api/domains", body)
    return cast("str", answer["domain"]["id"])


async def _hold_delivery(operations: Operations, org_id: str, unique: str) -> str:
    """A delivery that does not end by itself: its endpoint is disabled."""
    domain_id = await _add_domain(operations, org_id, unique)
    (held,) = (await operations.list_deliveries({"domain": domain_id, "status": "held"})).items
    return held.id


async def _create_program(operations: Operations, org_id: str, unique: str) -> str:
    body = {"url": f"http://127.0.0.1:9/{unique}", "events": ["domain.removed"]}
    return (await operations.create_program_webhook(body)).id


async def _hold_program_delivery(operations: Operations, org_id: str, unique: str) -> str:
    domain_id = await _add_domain(operations, org_id, unique)
    found = await operations.list_program_deliveries(None, DeliveryStatus.HELD)
    return next(each.id for each in found.items if each.domain_id == domain_id)


async def _add_contact(operations: Operations, org_id: str, unique: str) -> str:
    contact = await operations.add_contact(
        org_id, address=f"{unique}@example.com", member_id=None, kinds=[AlertKind.DOMAIN_BROKEN]
    )
    return contact.id


async def _create_organization(operations: Operations, org_id: str, unique: str) -> str:
    return (await operations.create_organization(unique)).id


async def _create_token(operations: Operations, org_id: str, unique: str) -> str:
    return (await operations.create_token(org_id, name=unique, role=Role.ADMIN, expires_at=None)).id


async def _invite_member(operations: Operations, org_id: str, unique: str) -> str:
    return (await operations.invite_member(org_id, f"{unique}@example.com", Role.MEMBER)).id


async def _create_link(operations: Operations, org_id: str, unique: str) -> str:
    return (await operations.create_link(org_id, domain=None, lifetime_ms=HOUR, return_to=None)).id


async def _add_zone(operations: Operations, org_id: str, unique: str) -> str:
    return (await operations.add_zone(org_id, f"{unique}.example.net")).id


def add_connection(house: House, org_id: str) -> str:
    """Give an organization a connection, whose credentials its provider refuses; return its id."""
    connection_id = make_id(IdPrefix.CONNECTION, 1)
    with closing(sqlite3.connect(house.database, timeout=30)) as connection, connection:
        connection.execute(
            "INSERT INTO oauth_connections (id, org_id, provider, method, status, encrypted_access_token, created_at,"
            " updated_at, last_error_code, last_error, last_error_at)"
            " VALUES (?, ?, 'cloudflare', 'api_token', 'reauth_required', x'00', 1, 1, 'refused', 'It is refused.', 1)",
            (connection_id, org_id),
        )
    return connection_id


Maker = Callable[[Operations, str, str], Awaitable[str]]
MAKERS: Final[dict[str, Maker]] = {
    "new_domain": _add_domain,
    "new_org": _create_organization,
    "new_token": _create_token,
    "new_member": _invite_member,
    "new_link": _create_link,
    "new_zone": _add_zone,
    "new_delivery": _hold_delivery,
    "new_contact": _add_contact,
    "new_program": _create_program,
    "new_program_delivery": _hold_program_delivery,
}


async def _read(operations: Operations, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    raw = await operations.exchange("GET" if body is None else "POST", path, body=body)
    return cast("dict[str, Any]", msgspec.json.decode(raw))
