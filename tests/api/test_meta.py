"""The facts of the service, which everybody may read."""

from ipaddress import ip_network

from msgspec.structs import replace

from dcvd import __version__
from dcvd.services.context import Context
from tests.served_app.client import Client


async def test_the_addresses_of_webhooks_are_told_without_a_token_as_they_are_configured_now(
    anybody: Client, context: Context
) -> None:
    async def told() -> object:
        answer = await anybody.get("/api/meta")
        assert answer.status == 200
        return answer.json["meta"]["webhooks"]

    assert await told() == {"sourceAddresses": [], "ports": [80, 443]}
    webhooks = replace(
        context.config.webhooks,
        source_addresses=(ip_network("9.9.9.9/32"), ip_network("8.8.8.0/28"), ip_network("2606:4700::1111/128")),
        ports=(8443,),
    )
    context.live_config.value = replace(context.config, webhooks=webhooks)
    assert await told() == {"sourceAddresses": ["9.9.9.9", "8.8.8.0/28", "2606:4700::1111"], "ports": [80, 443, 8443]}


async def test_what_is_told_leads_to_documents_that_are_there(anybody: Client, context: Context) -> None:
    meta = (await anybody.get("/api/meta")).json["meta"]
    assert meta["version"] == __version__
    base = context.config.server.public_url
    for member in ("documentation", "openapi", "eventSchemas"):
        assert meta[member].startswith(f"{base}/")
        assert (await anybody.get(meta[member].removeprefix(base))).status == 200


async def test_a_limit_that_is_none_is_null(anybody: Client, context: Context) -> None:
    meta = (await anybody.get("/api/meta")).json["meta"]
    assert meta["limits"] == {"domains": None, "webhooks": 100, "tokens": 200, "connections": 100, "zones": 100}
    context.live_config.value = replace(context.config, limits=replace(context.config.limits, zones=0, domains=7))
    meta = (await anybody.get("/api/meta")).json["meta"]
    assert (meta["limits"]["zones"], meta["limits"]["domains"]) == (None, 7)


async def test_nothing_of_the_operators_own_network_is_told(anybody: Client, context: Context) -> None:
    webhooks = replace(
        context.config.webhooks, proxy="http://10.20.30.40:3128", allow_private=(ip_network("10.0.0.0/8"),)
    )
    context.live_config.value = replace(context.config, webhooks=webhooks)
    answer = await anybody.get("/api/meta")
    assert b"10." not in answer.body.replace(__version__.encode(), b"")


async def test_nothing_else_can_be_done_there(anybody: Client) -> None:
    assert (await anybody.post("/api/meta", {})).status == 405
    assert (await anybody.get("/api/meta?x=1")).status == 400
