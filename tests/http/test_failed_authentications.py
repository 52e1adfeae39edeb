"""Whoever tries tokens is slowed down, and whoever has one is not."""

from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.core.instants import DAY
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import TOKEN_PREFIX
from dcvd.http.limits.failed_authentications import FailedAuthentications
from dcvd.services.context import Context
from dcvd.services.links import creation as link_creation
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualMonotonic
from tests.served_app.fixtures import Mint

WRONG = TOKEN_PREFIX + "0" * 32


class Door:
    """Sends requests to the application as if from any address."""

    def __init__(self, app: Api) -> None:
        self._app = app

    async def ask(
        self, address: str | None, token: str | None, path: str = "/api/domains", body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str]]:
        """The status and the headers of the answer."""
        starts: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                starts.append(message)

        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if token is not None:
            sent.append((b"authorization", f"Bearer {token}".encode()))
        scope: Any = {
            "type": "http", "method": "GET" if path.startswith("/api") else "POST",
            "path": path, "raw_path": path.encode(),
            "query_string": b"", "headers": sent, "extensions": {},
            "client": None if address is None else (address, 50_000),
        }  # fmt: skip
        await self._app(scope, receive, send)
        (start,) = starts
        return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}

    async def status(self, address: str | None, token: str | None = WRONG) -> int:
        return (await self.ask(address, token))[0]


@pytest.fixture
def monotonic() -> ManualMonotonic:
    return ManualMonotonic()


@pytest.fixture
def door(app: Api, context: Context, monotonic: ManualMonotonic) -> Door:
    app.services.failed_authentications = FailedAuthentications(context, monotonic)
    return Door(app)


async def test_wrong_links_count_as_wrong_tokens_and_a_valid_link_passes_all_the_same(
    door: Door, context: Context, organization: Organization
) -> None:
    link = await link_creation.create(context, organization.id, domain_id=None, lifetime_ms=DAY)
    wrong = "dcv_link_" + "0" * 32
    statuses = [await door.status("203.0.113.7", token) for token in (wrong, WRONG) * 6]
    assert statuses == [401] * 10 + [429] * 2
    # What a link is not let do is no failed authentication.
    assert await door.status("203.0.113.7", link.token.reveal()) == 403


async def test_after_ten_wrong_tokens_an_address_is_told_to_wait_and_a_valid_token_passes_all_the_same(
    door: Door, mint: Mint, monotonic: ManualMonotonic
) -> None:
    valid = await mint()
    assert [await door.status("203.0.113.7") for _ in range(10)] == [401] * 10
    status, headers = await door.ask("203.0.113.7", WRONG)
    assert (status, headers["retry-after"]) == (429, "300")
    assert await door.status("203.0.113.7", valid) == 200
    assert await door.status("203.0.113.7", None) == 429
    assert await door.status("203.0.113.8") == 401
    monotonic.now += 299
    assert await door.status("203.0.113.7") == 429
    monotonic.now += 1
    assert await door.status("203.0.113.7") == 401


async def test_a_mistake_now_and_then_is_no_attack(door: Door, monotonic: ManualMonotonic) -> None:
    for _ in range(40):
        assert await door.status("203.0.113.7") == 401
        monotonic.now += 34


async def test_a_refusal_lasts_as_long_however_late_in_the_window_it_began(
    door: Door, monotonic: ManualMonotonic
) -> None:
    for _ in range(9):
        await door.status("203.0.113.7")
    monotonic.now += 299
    assert await door.status("203.0.113.7") == 401
    monotonic.now += 299
    assert await door.status("203.0.113.7") == 429


async def test_whoever_has_a_network_of_ipv6_is_one_client(door: Door) -> None:
    assert [await door.status(f"2001:db8:0:1::{number:x}") for number in range(10)] == [401] * 10
    assert await door.status("2001:db8:0:1:ffff::") == 429
    assert await door.status("2001:db8:0:2::1") == 401


async def test_an_address_that_a_stranger_names_for_themselves_counts_for_nothing(door: Door) -> None:
    for number in range(10):
        await door.ask("203.0.113.7", WRONG, x_forwarded_for=f"198.51.100.{number}")
    assert await door.status("203.0.113.7") == 429


async def test_clients_of_a_proxy_on_this_machine_are_not_one_client(door: Door) -> None:
    for address in ("127.0.0.1", "::1", None):
        assert [await door.status(address) for _ in range(15)] == [401] * 15


async def test_whoever_has_many_networks_fills_no_memory(context: Context, monotonic: ManualMonotonic) -> None:
    failures = FailedAuthentications(context, monotonic)
    for number in range(12_000):
        failures.record(f"10.0.{number >> 8}.{number & 255}")
    assert len(failures) == 10_000


async def test_a_wrong_secret_of_a_notification_counts_as_well(door: Door, context: Context) -> None:
    cloudflare = replace(context.config.cloudflare, webhook_secret=Secret("right"))
    context.live_config.value = replace(context.config, cloudflare=cloudflare)
    tries = [await door.ask("203.0.113.7", None, "/hooks/cloudflare", cf_webhook_auth="wrong") for _ in range(11)]
    assert [status for status, _ in tries] == [401] * 10 + [429]
    status, _ = await door.ask("203.0.113.7", None, "/hooks/cloudflare", cf_webhook_auth="right")
    assert status != 429


async def test_without_a_limit_every_failure_is_401(door: Door, context: Context) -> None:
    limits = replace(context.config.limits, failed_authentications=0)
    context.live_config.value = replace(context.config, limits=limits)
    assert [await door.status("203.0.113.7") for _ in range(15)] == [401] * 15
