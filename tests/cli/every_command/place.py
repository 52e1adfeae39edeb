"""A place with an organization that has something of everything, and the commands that are run there."""

import shlex
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

import msgspec
from msgspec import Struct

from dcvd.api.operators.all.views import OrganizationDelivery
from dcvd.api.webhooks.view import WebhookAnswer
from dcvd.cli.operations import Operations
from dcvd.core.instants import HOUR
from dcvd.core.tokens.token import Role
from tests.cli.every_command.commands import TriedCommand
from tests.cli.processes import House
from tests.cli.terminal.terminals import TerminalRun, run_in_terminal
from tests.waiting import until

KEY: Final = "11" * 32
ENVIRON: Final = {"CLOUDFLARE_API_TOKEN": "sandbox-token", "OAUTH_ENCRYPTION_KEY": KEY}
SETTINGS: Final = """
[dns]
resolvers = ["127.0.0.1:9"]
authoritative = false
[webhooks]
allow_http = true
allow_private = ["127.0.0.0/8"]
ports = [9]
retry_schedule = ["0s"]
"""
"""Nothing beyond loopback is asked, and nothing answers there: a delivery is dead after one attempt."""
ORGANIZATION: Final = "Acme"
_numbers: Final = count()


class Place(Struct):
    """A configuration, and what stands in its database, by the names that command lines give in braces.

    may_override: as for `tests.warm.process.start`.

    org, org_id, domain, domain_id, token, webhook, url, delivery, job, member, link, zone, event, names (a file).
    """

    house: House
    values: dict[str, str]
    environ: dict[str, str] = {}
    is_usable: bool = True
    may_override: bool = True

    def fill_in(self, tried: TriedCommand) -> list[str]:
        """Return the arguments of a command; what it changes is made anew for each run."""
        unique = f"new-{next(_numbers)}"
        values = {
            **self.values,
            "names": str(self.house.config.with_name("names.txt")),
            "new_name": f"{unique}.customer.com",
            "new_address": f"{unique}@example.com",
        }
        for name, make in _MAKERS.items():
            if f"{{{name}}}" in tried.line:
                values[name] = self._make(make, values["org_id"], unique) if self.is_usable else self.values[name[4:]]
        return [part.format_map(values) for part in shlex.split(tried.line)]

    def _make(self, make: "Maker", org_id: str, unique: str) -> str:
        async def work(operations: Operations) -> str:
            return await make(operations, org_id, unique)

        return self.house.given(work)

    def run(self, tried: TriedCommand, *, columns: int, as_json: bool = False) -> TerminalRun:
        """Run a command in a terminal."""
        environ = {**ENVIRON, "DCVD_CONFIG": str(self.house.config), **self.environ}
        arguments = [*self.fill_in(tried), *(["--json"] if as_json else [])]
        return run_in_terminal(*arguments, columns=columns, environ=environ, may_override=self.may_override)


async def seed(operations: Operations) -> dict[str, str]:
    """Give an organization of everything something, at a running daemon; and wait until what can fail has failed."""
    acme = await operations.create_organization(ORGANIZATION)
    path = f"/operator/organizations/{acme.id}"
    hook = {"url": "http://127.0.0.1:9/hook", "events": ["*"]}
    webhook = (await operations.call("POST", f"{path}/api/webhooks", WebhookAnswer, body=hook)).webhook
    held = {"url": "http://127.0.0.1:9/held", "events": ["domain.added"]}
    disabled = (await operations.call("POST", f"{path}/api/webhooks", WebhookAnswer, body=held)).webhook
    await operations.call("PATCH", f"{path}/api/webhooks/{disabled.id}", WebhookAnswer, body={"enabled": False})
    domain_id = await _add_domain(operations, acme.id, "app")
    token = await operations.create_token(acme.id, name="ci", role=Role.ADMIN, expires_at=None)
    member = await operations.invite_member(acme.id, "boss@example.com", Role.OWNER)
    link = await operations.create_link(acme.id, domain=domain_id, lifetime_ms=HOUR, return_to=None)
    zone = await operations.add_zone(acme.id, "customer.com")
    jobs = await _read(operations, f"{path}/api/jobs")

    async def list_dead() -> list[OrganizationDelivery]:
        return (await operations.list_deliveries({"organization": acme.id, "status": "dead"})).items

    async def has_failed() -> bool:
        return bool(await list_dead())

    await until(has_failed)
    return {
        "org": ORGANIZATION,
        "org_id": acme.id,
        "domain": "app.customer.com",
        "domain_id": domain_id,
        "token": token.id,
        "webhook": webhook.id,
        "url": webhook.url,
        "delivery": (await list_dead())[0].id,
        "event": (await list_dead())[0].event_id,
        "job": cast("str", jobs["jobs"][0]["id"]),
        "member": member.id,
        "link": link.id,
        "zone": zone.id,
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


Maker = Callable[[Operations, str, str], Awaitable[str]]
_MAKERS: Final[dict[str, Maker]] = {
    "new_domain": _add_domain,
    "new_org": _create_organization,
    "new_token": _create_token,
    "new_member": _invite_member,
    "new_link": _create_link,
    "new_zone": _add_zone,
    "new_delivery": _hold_delivery,
}


async def _read(operations: Operations, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    raw = await operations.exchange("GET" if body is None else "POST", path, body=body)
    return cast("dict[str, Any]", msgspec.json.decode(raw))


def make_house(directory: Path) -> House:
    """Make a configuration by which nobody asks anything outside."""
    (directory / "names.txt").write_text("one.customer.com\nno name\n")
    return House(directory, SETTINGS)
