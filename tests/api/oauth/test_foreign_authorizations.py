"""Codes of authorization requests that tenants built themselves, as the predecessor's clients exchange them."""

import base64
import hashlib
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from msgspec.structs import replace

from dcvd.services.connections.authorizations import MAX_UNUSED
from dcvd.services.organizations import quotas
from dcvd.store.organizations.organizations import Organization
from tests.api.oauth.flow import Flow, Parameters
from tests.oauth.servers import OURS, TENANTS
from tests.served_app.client import problem

VERIFIER = "the-verifier-of-a-tenant-that-built-its-own-request"


def allow(flow: Flow) -> None:
    live_config = flow.context.live_config
    config = live_config.value
    live_config.value = replace(config, oauth=replace(config.oauth, allow_foreign_authorization=True))


async def consented_elsewhere(flow: Flow) -> Parameters:
    """The answer to a request that is like ours, with a state and a verifier that dcvd has never seen."""
    url = (await flow.begin(redirectUri=TENANTS))["authorizationUrl"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    asked = dict(parse_qsl(urlsplit(url).query)) | {"state": "their-own-state", "code_challenge": challenge}
    back = await flow.server.answer(f"{url.partition('?')[0]}?{urlencode(asked)}")
    answered = dict(parse_qsl(urlsplit(back).query))
    assert answered.pop("state") == "their-own-state"
    return answered


async def test_it_is_refused_unless_the_operator_allows_it_and_the_code_stays_unused(flow: Flow) -> None:
    answered = await consented_elsewhere(flow)
    refused = problem(await flow.exchange(answered, codeVerifier=VERIFIER), 400, "state_missing", field="state")
    assert "POST /api/oauth/authorize" in refused["detail"]
    assert flow.client.secrets == set()
    allow(flow)
    connected = await flow.exchange(answered, codeVerifier=VERIFIER)
    assert connected.status == 201, connected.body
    assert await flow.kept() == 1
    await flow.assert_every_token_lives()


async def test_a_wrong_or_missing_verifier_connects_nothing(flow: Flow) -> None:
    allow(flow)
    for verifier in ("x" * 43, None):
        answer = await flow.exchange(await consented_elsewhere(flow), codeVerifier=verifier)
        problem(answer, 400, "invalid_grant", field="code")
    await flow.assert_nothing_is_kept()


async def test_the_redirect_uri_has_to_be_one_that_the_operator_configured(flow: Flow) -> None:
    allow(flow)
    answered = await consented_elsewhere(flow)
    for wrong in ("https://evil.example/callback", f"{TENANTS}/"):
        problem(await flow.exchange(answered, redirectUri=wrong), 400, "invalid_input", field="redirectUri")
    problem(await flow.exchange(answered, redirectUri=OURS, codeVerifier=VERIFIER), 400, "invalid_grant", field="code")
    await flow.assert_nothing_is_kept()


@pytest.mark.parametrize("verifier", ["", "x" * 42, "x" * 129, "x" * 42 + "!", "\u00e9" * 43])
@pytest.mark.sampled(3)
async def test_what_is_no_verifier_is_refused_before_the_code_is_used(flow: Flow, verifier: str) -> None:
    allow(flow)
    answered = await consented_elsewhere(flow)
    problem(await flow.exchange(answered, codeVerifier=verifier), 400, "invalid_input", field="codeVerifier")
    assert (await flow.exchange(answered, codeVerifier=VERIFIER)).status == 201


async def test_an_authorization_that_was_begun_here_takes_no_verifier_of_others(flow: Flow) -> None:
    allow(flow)
    parameters = await flow.consented(redirectUri=TENANTS)
    problem(await flow.exchange(parameters, codeVerifier=VERIFIER), 400, "invalid_input", field="codeVerifier")
    assert (await flow.exchange(parameters)).status == 201


async def test_it_counts_as_any_other_authorization_and_connection(flow: Flow, organization: Organization) -> None:
    allow(flow)
    await quotas.set_quotas(flow.context, organization.id, {"connections": 1})
    answered = await consented_elsewhere(flow)
    for _ in range(MAX_UNUSED - 1):
        await flow.begin()
    answer = await flow.exchange(answered, codeVerifier=VERIFIER)
    assert answer.status == 429
    assert flow.client.secrets == set()


async def test_the_issuer_is_compared_where_the_answer_names_one(flow: Flow) -> None:
    allow(flow)
    answered = await consented_elsewhere(flow)
    wrong = await flow.exchange(answered, codeVerifier=VERIFIER, iss="https://other.example")
    problem(wrong, 400, "wrong_issuer", field="iss")
    assert flow.client.secrets == set()
