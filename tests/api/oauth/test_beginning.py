"""What `POST /api/oauth/authorize` takes, and what it says that the operator still has to set."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.core.instants import MINUTE
from dcvd.services.connections import authorizations
from tests.api.oauth.flow import Flow
from tests.manual_clock import ManualClock
from tests.oauth.servers import OURS, SCOPES, TENANTS, client_id
from tests.oauth.strict import Strict
from tests.sealing import without_key
from tests.served_app.client import problem

pytestmark = pytest.mark.parametrize("server", ["ours"], indirect=True)

_PATH = "/api/oauth/authorize"


async def test_the_customer_is_sent_with_pkce_and_a_state_that_no_file_holds(flow: Flow, tmp_path: Any) -> None:
    begun = await flow.begin()
    assert sorted(begun) == ["authorizationUrl", "expiresAt", "state"]
    assert begun["expiresAt"] == "2027-01-15T08:10:00Z"
    assert begun["authorizationUrl"].startswith(f"{flow.server.issuer}/auth?prompt=consent&")
    asked = parse_qs(urlsplit(begun["authorizationUrl"]).query)
    assert asked["redirect_uri"] == [OURS]
    assert asked["client_id"] == [client_id("client_secret_basic")]
    assert asked["scope"] == [" ".join(SCOPES)]
    assert asked["state"] == [begun["state"]]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(begun["state"]) == len(asked["code_challenge"][0]) == 43
    files = b"".join(file.read_bytes() for file in tmp_path.glob("dcvd.db*"))
    assert begun["state"].encode() not in files
    (entry,) = (await flow.owner.get("/api/audit?action=authorization.begun")).json["audit"]
    assert entry["actor"].startswith("token:")
    assert entry["after"] == {"provider": "other", "redirectUri": OURS, "returnTo": None}


async def test_no_two_authorizations_share_a_state_or_a_challenge(flow: Flow) -> None:
    urls = [(await flow.begin())["authorizationUrl"] for _ in range(3)]
    for name in ("state", "code_challenge"):
        assert len({parse_qs(urlsplit(url).query)[name][0] for url in urls}) == 3


async def test_a_repeat_with_the_same_key_gets_the_same_state(flow: Flow) -> None:
    key = {"Idempotency-Key": "k"}
    first = await flow.owner.post(_PATH, {"provider": "other"}, headers=key)
    assert first.status == 200
    assert (await flow.owner.post(_PATH, {"provider": "other"}, headers=key)).body == first.body
    assert (await flow.owner.post(_PATH, {"provider": "other"})).json["state"] != first.json["state"]


async def test_a_setting_that_lacks_is_named(flow: Flow) -> None:
    config = flow.context.config
    client = config.oauth_other
    lacking = {
        "oauth.other.client_id": replace(config, oauth_other=replace(client, client_id="")),
        "oauth.other.client_secret_file": replace(config, oauth_other=replace(client, client_secret=None)),
        "oauth.other.redirect_uris": replace(config, oauth_other=replace(client, redirect_uris=())),
        "oauth.other.authorize_url": replace(config, oauth_other=replace(client, authorize_url="", issuer="")),
        "providers.other.write_driver": replace(
            config, providers_other=replace(config.providers_other, write_driver="")
        ),
    }
    for setting, incomplete in lacking.items():
        flow.context.live_config.value = incomplete
        found = problem(await flow.owner.post(_PATH, {"provider": "other"}), 501, "not_set_up")
        assert setting in found["detail"]


async def test_without_a_configured_key_nobody_is_sent_anywhere_and_no_state_is_used(app: Api, flow: Flow) -> None:
    parameters, sent_to_us = await flow.consented(redirectUri=TENANTS), await flow.consented()
    app.services.context = without_key(flow.context)
    problem(await flow.owner.post(_PATH, {"provider": "other"}), 501, "encryption_key_missing")
    problem(await flow.exchange(parameters), 501, "encryption_key_missing")
    assert (await flow.callback(sent_to_us)).status == 501
    app.services.context = flow.context
    assert (await flow.exchange(parameters)).status == 201


async def test_a_redirect_uri_has_to_be_one_of_the_list_exactly(flow: Flow) -> None:
    for wrong in (OURS + "/", OURS.replace("https", "http"), OURS.upper(), f"{OURS}?x=1", "https://attacker.example/"):
        answer = await flow.owner.post(_PATH, {"provider": "other", "redirectUri": wrong})
        problem(answer, 400, "invalid_input", field="redirectUri")


async def test_a_provider_without_oauth_says_how_it_is_connected(flow: Flow) -> None:
    found = problem(await flow.owner.post(_PATH, {"provider": "route53"}), 400, "no_oauth", field="provider")
    assert "POST /api/oauth/aws/external-ids" in found["detail"]
    problem(await flow.owner.post(_PATH, {"provider": "nobody"}), 400, "invalid_input", field="provider")


async def test_a_name_is_asked_for_only_where_the_provider_needs_one(flow: Flow) -> None:
    answer = await flow.owner.post(_PATH, {"provider": "other", "domainName": "app.customer.com"})
    problem(answer, 400, "invalid_input", field="domainName")


async def test_so_many_may_be_open_and_each_makes_room_at_its_end(flow: Flow, clock: ManualClock) -> None:
    for _ in range(authorizations.MAX_UNUSED):
        await flow.begin()
    refused = await flow.owner.post(_PATH, {"provider": "other"})
    problem(refused, 429, "too_many_requests")
    assert refused.headers["Retry-After"] == "60"
    clock.advance(10 * MINUTE)
    await flow.begin()


@pytest.mark.parametrize(
    "document", [{"issuer": "https://attacker.example"}, {"authorization_endpoint": "http://attacker.example/auth"}]
)
async def test_metadata_that_may_be_somebody_elses_sends_nobody_anywhere(flow: Flow, document: dict[str, str]) -> None:
    assert isinstance(flow.server, Strict)
    flow.server.metadata = document
    answer = await flow.owner.post(_PATH, {"provider": "other"})
    problem(answer, 502, "bad_metadata")
