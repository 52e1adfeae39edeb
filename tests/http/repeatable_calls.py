"""How each route that honours an Idempotency-Key is called with one, for the tests of repeats."""

from collections.abc import Awaitable, Callable
from typing import Final

from dcvd.services.context import Context
from tests.api.webhooks.owed import URL, added, domain, given_up
from tests.served_app.client import Answer, Client

TOKEN: Final = {"name": "ci", "role": "admin"}


async def _mint(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    return await owner.post("/api/tokens", TOKEN, headers=headers)


async def _add_domain(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    return await owner.post("/api/domains", {"domainName": "app.customer.com"}, headers=headers)


async def _add_zone(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    return await owner.post("/api/zones", {"name": "customer.com"}, headers=headers)


async def _rotate_token(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    tokens = {token["name"]: token["id"] for token in (await owner.get("/api/tokens")).json["tokens"]}
    token_id = tokens.get("ci") or (await owner.post("/api/tokens", TOKEN)).json["token"]["id"]
    return await owner.post(f"/api/tokens/{token_id}/rotate", headers=headers)


async def _invite(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    return await owner.post("/api/members", {"address": "ann@customer.com"}, headers=headers)


async def _invite_again(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    members = (await owner.get("/api/members")).json["members"]
    if not members:
        await owner.post("/api/members", {"address": "ann@customer.com"})
        members = (await owner.get("/api/members")).json["members"]
    return await owner.post(f"/api/members/{members[0]['id']}/invite", headers=headers)


async def _add_contact(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    return await owner.post("/api/alerts/contacts", {"address": "ann@customer.com"}, headers=headers)


async def _ask_contact_again(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    contacts = (await owner.get("/api/alerts/contacts")).json["contacts"]
    if not contacts:
        await owner.post("/api/alerts/contacts", {"address": "ann@customer.com"})
        contacts = (await owner.get("/api/alerts/contacts")).json["contacts"]
    return await owner.post(f"/api/alerts/contacts/{contacts[0]['id']}/confirmation", headers=headers)


async def _create_link(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    return await owner.post("/api/links", {"purpose": "new"}, headers=headers)


async def _create_domain_link(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    domains = (await owner.get("/api/domains")).json["domains"]
    domain_id = domains[0]["id"] if domains else await domain(owner)
    return await owner.post(f"/api/domains/{domain_id}/links", headers=headers)


async def _add_webhook(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    return await owner.post("/api/webhooks", {"url": URL, "events": ["domain.added"]}, headers=headers)


async def _first_webhook(owner: Client) -> str:
    webhooks = (await owner.get("/api/webhooks")).json["webhooks"]
    return str(webhooks[0]["id"] if webhooks else (await added(owner))["id"])


async def _rotate(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    return await owner.post(f"/api/webhooks/{await _first_webhook(owner)}/rotate-secret", headers=headers)


async def _replay(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    body = {"since": "2027-01-01T00:00:00Z", "status": "all"}
    return await owner.post(f"/api/webhooks/{await _first_webhook(owner)}/replay", body, headers=headers)


async def _retry_all(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    return await owner.post("/api/deliveries/retry", {"status": "dead"}, headers=headers)


async def _retry_one(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    if not (await owner.get("/api/webhooks")).json["webhooks"]:
        webhook = await added(owner)
        await domain(owner)
        await given_up(context, webhook["id"])
    delivery = (await owner.get("/api/deliveries")).json["deliveries"][0]
    return await owner.post(f"/api/deliveries/{delivery['id']}/retry", headers=headers)


async def _cancel(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    if not (await owner.get("/api/webhooks")).json["webhooks"]:
        await added(owner)
        await domain(owner)
    delivery = (await owner.get("/api/deliveries")).json["deliveries"][0]
    return await owner.post(f"/api/deliveries/{delivery['id']}/cancel", headers=headers)


async def _retry_job(owner: Client, context: Context, headers: dict[str, str]) -> Answer:
    jobs = (await owner.get("/api/jobs")).json["jobs"]
    if not jobs:
        await domain(owner)
        jobs = (await owner.get("/api/jobs")).json["jobs"]
    return await owner.post(f"/api/jobs/{jobs[0]['id']}/retry", headers=headers)


Play = Callable[[Client, Context, dict[str, str]], Awaitable[Answer]]
PLAYS: Final[dict[str, Play]] = {
    "/api/tokens": _mint,
    "/api/domains": _add_domain,
    "/api/zones": _add_zone,
    "/api/tokens/{token_id}/rotate": _rotate_token,
    "/api/links": _create_link,
    "/api/domains/{domain_id}/links": _create_domain_link,
    "/api/members": _invite,
    "/api/members/{member_id}/invite": _invite_again,
    "/api/alerts/contacts": _add_contact,
    "/api/alerts/contacts/{contact_id}/confirmation": _ask_contact_again,
    "/api/webhooks": _add_webhook,
    "/api/webhooks/{webhook_id}/rotate-secret": _rotate,
    "/api/webhooks/{webhook_id}/replay": _replay,
    "/api/deliveries/{delivery_id}/retry": _retry_one,
    "/api/deliveries/{delivery_id}/cancel": _cancel,
    "/api/deliveries/retry": _retry_all,
    "/api/jobs/{job_id}/retry": _retry_job,
}
UNITS: Final = {
    "/api/tokens": "create.<locals>.unit",
    "/api/domains": "add.<locals>.unit",
    "/api/zones": "add.<locals>.unit",
    "/api/tokens/{token_id}/rotate": "rotate.<locals>.unit",
    "/api/links": "create.<locals>.unit",
    "/api/domains/{domain_id}/links": "create.<locals>.unit",
    "/api/members": "invite.<locals>.unit",
    "/api/members/{member_id}/invite": "invite_again.<locals>.unit",
    "/api/alerts/contacts": "add.<locals>.unit",
    "/api/alerts/contacts/{contact_id}/confirmation": "ask_again.<locals>.unit",
    "/api/webhooks": "create.<locals>.unit",
    "/api/webhooks/{webhook_id}/rotate-secret": "rotate.<locals>.unit",
    "/api/webhooks/{webhook_id}/replay": "start_replay.<locals>.unit",
    "/api/deliveries/{delivery_id}/retry": "retry.<locals>.unit",
    "/api/deliveries/{delivery_id}/cancel": "cancel.<locals>.unit",
    "/api/deliveries/retry": "start_replay.<locals>.unit",
    "/api/jobs/{job_id}/retry": "retry.<locals>.unit",
}
"""The units of work that do what is asked for."""
