"""`python -m tests.api_schema`: generated calls against a real daemon, whose document every answer has to keep to.

DCVD_API_ORACLES is the environment with schemathesis, which `.ci/install-oracles` makes.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

from dcvd.core.events import EventType
from dcvd.providers.domain_connect.signing import generate_key
from dcvd.sandbox import Sandbox, SandboxSettings
from tests.authority import Authority
from tests.daemon.process import DaemonProcess, daemon_with

_HOOKS: Final = Path(__file__).with_name("hooks.py")
_LEAST_CASES: Final = 10_000
_MOST_REFUSED: Final = 1 / 5
_THINGS: Final = 60
_FEW_THINGS: Final = 10
"""Of those that make calls to others, which have a limit of their own."""
_CONTACTS: Final = 15
"""There may be 20."""
_REVOKES_ALL: Final = "revokeAllTokens"
"""It ends the tokens of all callers, and so what they try: somebody of another organization calls it, and it alone."""
_TOKENS: Final = {"owner": ("Acme", "owner"), "member": ("Acme", "member"), "leaver": ("Left", "owner")}
_EXAMPLES: Final = {"owner": 60, "member": 25, "link": 25, "stranger": 25, "leaver": 25}
"""How many cases of each operation, for each caller."""


def _extra(directory: Path, sandbox: Sandbox) -> str:
    """The settings that set up everything that can be set up."""
    settings = sandbox.settings
    files = {
        "key": "00112233445566778899aabbccddeeff" * 2,
        "client-secret": settings.oauth_client_secret,
        "aws-secret": "x" * 40,
        "domain-connect.pem": generate_key().reveal(),
    }
    for name, text in files.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o600)
    return f"""
[vault]
key_file = "{directory}/key"
[limits]
reads_per_minute = 0
writes_per_minute = 0
token_reads_per_minute = 0
token_writes_per_minute = 0
failed_authentications = 0
endpoints = 0
tokens = 0
connections = 0
zones = 0
members = 0
links = 0
[mail]
host = "localhost"
port = 9
from_address = "alerts@example.net"
[oauth.cloudflare]
client_id = "{settings.oauth_client_id}"
client_secret_file = "{directory}/client-secret"
redirect_uris = ["https://app.example.net/oauth/callback"]
authorize_url = "{sandbox.oauth_url}/auth"
token_url = "{sandbox.oauth_url}/token"
revoke_url = "{sandbox.oauth_url}/revoke"
[providers]
allow_private = ["127.0.0.0/8"]
[providers.cloudflare]
api_base_url = "{sandbox.api_url}"
[providers.route53]
access_key_id = "AKIAIOSFODNN7EXAMPLE"
secret_access_key_file = "{directory}/aws-secret"
[providers.domain_connect]
provider_id = "example.net"
service_id = "custom-domain"
private_key_file = "{directory}/domain-connect.pem"
"""


async def _receive(_: web.Request) -> web.Response:
    """Take every webhook."""
    return web.Response()


async def _add_things(session: aiohttp.ClientSession, url: str, api_token: str) -> dict[str, list[str]]:
    """Ids of things that are there, by the parameter that names them."""

    async def ids(path: str, member: str) -> list[str]:
        async with session.get(f"{url}{path}?limit=250") as answer:
            return [each["id"] for each in (await answer.json())[member]]

    async def post(path: str, body: dict[str, Any]) -> None:
        await _post(session, f"{url}{path}", body)

    for number in range(_THINGS):
        await post("/api/domains", {"domainName": f"there{number}.customer.test"})
        await post("/api/webhooks", {"url": f"http://127.0.0.1:9/{number}", "events": ["webhook.test"]})
        minted = await _post(session, f"{url}/api/tokens", {"name": f"there {number}"})
        await _sign_in(session, url, minted["token"]["token"])
        await post("/api/links", {"purpose": "new"})
        await post("/api/zones", {"name": f"there{number}.customer.test"})
        await post("/api/members", {"address": f"there{number}@customer.test"})
    for number in range(_CONTACTS):
        await post("/api/alerts/contacts", {"address": f"there{number}@customer.test"})
    for _ in range(_FEW_THINGS):
        await post("/api/oauth/connections", {"provider": "cloudflare", "credentials": {"apiToken": api_token}})
    for webhook_id in (await ids("/api/webhooks", "webhooks"))[:_FEW_THINGS]:
        await post(f"/api/webhooks/{webhook_id}/test", {})
    return {
        "domain_id": await ids("/api/domains", "domains"),
        "event_type": [*EventType],
        "webhook_id": await ids("/api/webhooks", "webhooks"),
        # The oldest is the caller's own.
        "token_id": (await ids("/api/tokens", "tokens"))[:_THINGS],
        "session_id": await ids("/api/sessions", "sessions"),
        "link_id": await ids("/api/links", "links"),
        "zone_id": await ids("/api/zones", "zones"),
        "member_id": await ids("/api/members", "members"),
        "contact_id": await ids("/api/alerts/contacts", "contacts"),
        "job_id": await ids("/api/jobs", "jobs"),
        "delivery_id": await ids("/api/deliveries", "deliveries"),
        # The oldest stays, for those who write records.
        "connection_id": (await ids("/api/oauth/connections", "connections"))[:-1],
    }


async def _post(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> Any:
    async with session.post(url, json=body) as answer:
        assert answer.status < 300, f"POST {url}: {await answer.text()}"
        return await answer.json()


async def _sign_in(session: aiohttp.ClientSession, url: str, token: str) -> None:
    """Begin a session, as the form of the sign-in does."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with session.post(f"{url}/sign-in", data={"token": token}, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()


async def _make_link(session: aiohttp.ClientSession, url: str) -> tuple[str, dict[str, list[str]]]:
    """A link's token, and the ids of what it is for: its own domain, which no other caller knows of."""
    domain = (await _post(session, f"{url}/api/domains", {"domainName": "linked.customer.test"}))["domain"]
    link = (await _post(session, f"{url}/api/domains/{domain['id']}/links", {}))["link"]
    async with session.get(f"{url}/api/jobs?limit=1") as answer:
        (job,) = (await answer.json())["jobs"]
    return link["token"], {"domain_id": [domain["id"]], "job_id": [job["id"]]}


async def _run(
    daemon: DaemonProcess, caller: str, token: str, place: dict[str, Any], *options: str
) -> tuple[int, dict[str, int]]:
    """Run schemathesis as a caller; return its exit code and what the hooks counted."""
    path = daemon.directory / f"{caller}.json"
    counts = daemon.directory / f"{caller}.counts"
    path.write_text(json.dumps({**place, "counts": str(counts)}))
    program = Path(os.environ["DCVD_API_ORACLES"]) / "bin" / "schemathesis"
    process = await asyncio.create_subprocess_exec(
        program, "--config-file", str(_HOOKS.with_name("schemathesis.toml")),
        "run", f"{daemon.url}/schema/openapi.json", "--url", daemon.url,
        "--header", f"Authorization: Bearer {token}",
        "--max-examples", str(_EXAMPLES[caller]), "--phases", "examples,coverage,fuzzing", "--seed", "1", *options,
        "--suppress-health-check", "all", "--continue-on-failure", "--warnings", "off", "--workers", "2",
        *sys.argv[1:],
        env={**os.environ, "DCVD_API_SCHEMA_PLACE": str(path), "SCHEMATHESIS_HOOKS": str(_HOOKS)},
        cwd=daemon.directory,
    )  # fmt: skip
    status = await process.wait()
    return status, json.loads(counts.read_text())


async def main() -> int:
    """Run it as every caller. Return the exit code."""
    began = time.monotonic()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", _receive)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    issued = Authority("Clients").issue("schema")
    certificate = {"certificate": issued.certificate_pem, "privateKey": issued.key_pem}
    failed: list[str] = []
    calls = 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=0.2)) as sandbox:
            sandbox.set_dns("*.customer.test", "CNAME", ["edge.sandbox.test."])
            server = 'public_url = "https://dcv.example.net"'
            async with daemon_with(directory, sandbox, server=server, extra=_extra(directory, sandbox)) as daemon:
                tokens = {"stranger": "dcv_live_" + "0" * 32}
                for caller, (organization, role) in _TOKENS.items():
                    if organization not in await daemon.command("org", "list"):
                        await daemon.command("org", "create", organization)
                    tokens[caller] = await daemon.command(
                        "token", "create", "--org", organization, "--name", caller, "--role", role, "--quiet"
                    )
                zone = sandbox.world.customers.get_by_name("customer.test")
                api_token, _ = sandbox.world.tokens.issue(("zone.read", "dns.read", "dns.write"), zones=[zone.id])
                headers = {"Authorization": f"Bearer {tokens['owner']}"}
                async with aiohttp.ClientSession(headers=headers) as session:
                    ids = await _add_things(session, daemon.url, api_token)
                    async with session.get(f"{daemon.url}/api/oauth/connections") as answer:
                        kept_connection = (await answer.json())["connections"][-1]["id"]
                    tokens["link"], ids_of_link = await _make_link(session, daemon.url)
                for caller in _EXAMPLES:
                    known_ids = ids | (ids_of_link if caller == "link" else {})
                    place = {"caller": caller, "ids": known_ids, "receiver": receiver, "api_token": api_token}
                    place |= {"connection_id": kept_connection, "client_certificate": certificate}
                    choice = "--include-operation-id" if caller == "leaver" else "--exclude-operation-id"
                    status, counts = await _run(daemon, caller, tokens[caller], place, choice, _REVOKES_ALL)
                    calls += counts["calls"]
                    print(f"{caller}: exit code {status}, {counts}")
                    if status != 0:
                        failed.append(f"schemathesis found faults as {caller}")
                    if counts.get("refused", 0) > _MOST_REFUSED * counts["valid"]:
                        failed.append(f"too much of what was meant to be valid was refused as {caller}")
    await runner.cleanup()
    if calls < _LEAST_CASES:
        failed.append(f"only {calls} calls were made")
    print(f"{calls} calls in {time.monotonic() - began:.0f} s; {'; '.join(failed) or 'all is well'}")
    return bool(failed)


sys.exit(asyncio.run(main()))
