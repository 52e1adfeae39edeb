"""The flow at a server of our own and at oidc-provider: what is in order connects, and nothing else leaves a trace."""

import itertools
import re

import pytest
from msgspec.structs import replace

from dcvd.core.connections.connection import ConnectionStatus
from dcvd.core.instants import DAY
from dcvd.errors import Unauthorized
from dcvd.store.organizations.organizations import Organization
from tests.api.oauth.flow import CONNECTIONS, Flow
from tests.manual_clock import ManualClock
from tests.oauth.servers import METHODS, OURS, SCOPES, TENANTS, client_at
from tests.served_app.client import problem
from tests.services.views import bodies


async def test_a_consent_that_comes_to_the_tenants_page_is_a_connection(flow: Flow, organization: Organization) -> None:
    begun = await flow.begin(redirectUri=TENANTS)
    answer = await flow.exchange(await flow.answered(begun))
    assert answer.status == 201, answer.body
    made = answer.json["connection"]
    assert answer.headers["Location"] == f"{CONNECTIONS}/{made['id']}"
    assert made["orgId"] == organization.id
    assert (made["provider"], made["method"], made["status"]) == ("other", "oauth", "active")
    assert (made["account"], sorted(made["scopes"])) == ("Customer Ltd", sorted(SCOPES))
    assert (made["expiresAt"], made["refreshAt"]) == ("2027-01-15T09:00:00Z", "2027-01-15T08:48:00Z")
    assert not [secret for secret in flow.client.secrets if secret in answer.body.decode()]


async def test_a_consent_that_comes_to_our_own_redirect_uri_is_a_connection_and_a_page(flow: Flow) -> None:
    answer = await flow.callback(await flow.consented())
    assert answer.status == 200, answer.body
    assert "<h1>Connected</h1>" in answer.body.decode()
    assert await flow.kept() == 1


async def test_the_client_says_who_it_is_by_each_method(flow: Flow) -> None:
    config = flow.context.config
    for method in METHODS:
        flow.context.live_config.value = replace(config, oauth_other=client_at(flow.server, method))
        connection = await flow.connected()
        await flow.owner.delete(f"{CONNECTIONS}/{connection}")
        await flow.assert_nothing_is_kept()
        flow.client.granted.clear()


async def test_a_code_that_was_used_is_refused_and_ends_what_it_had_given(flow: Flow) -> None:
    parameters = await flow.consented(redirectUri=TENANTS)
    assert (await flow.exchange(parameters)).status == 201
    await flow.forget_uses()
    problem(await flow.exchange(parameters), 400, "invalid_grant", field="code")
    assert await flow.kept() == 1
    refresh_token = flow.client.granted[0].refresh_token
    assert refresh_token is not None
    await flow.assert_dead(refresh_token)


async def test_a_code_for_another_verifier_is_refused(flow: Flow) -> None:
    begun = await flow.begin(redirectUri=TENANTS)
    other = await flow.begin(redirectUri=TENANTS)
    challenge = re.search("code_challenge=([^&]+)", other["authorizationUrl"])
    assert challenge is not None
    url = re.sub("code_challenge=[^&]+", challenge[0], begun["authorizationUrl"])
    answer = await flow.exchange(await flow.answered({"authorizationUrl": url}))
    problem(answer, 400, "invalid_grant", field="code")
    await flow.assert_nothing_is_kept()


async def test_a_code_is_of_no_use_with_the_state_of_another_browser(flow: Flow) -> None:
    # Login CSRF: the attacker's code in the victim's authorization.
    stolen = await flow.consented(redirectUri=TENANTS)
    own = await flow.begin(redirectUri=TENANTS)
    answer = await flow.exchange({**stolen, "state": own["state"]})
    problem(answer, 400, "invalid_grant", field="code")
    await flow.assert_nothing_is_kept()


async def test_the_server_has_the_last_word_on_the_redirect_uri(flow: Flow) -> None:
    parameters = await flow.consented(redirectUri=TENANTS)
    await flow.context.database.write(
        lambda tx: tx.execute("UPDATE oauth_states SET redirect_uri = ? WHERE org_id > ''", (OURS,))
    )
    problem(await flow.exchange(parameters, redirectUri=OURS), 400, "invalid_grant", field="code")
    await flow.assert_nothing_is_kept()


async def test_a_consent_that_was_declined_connects_nothing_and_uses_the_state(flow: Flow) -> None:
    parameters = await flow.answered(await flow.begin(), consent=False)
    assert parameters["error"] == "access_denied"
    page = await flow.callback(parameters)
    assert page.status == 400
    assert "You declined, so nothing was connected." in page.body.decode()
    assert parameters["error_description"] not in page.body.decode()
    problem_page = await flow.callback({"state": parameters["state"], "code": "x", "iss": parameters["iss"]})
    assert "This link was used before" in problem_page.body.decode()
    await flow.assert_nothing_is_kept()


async def test_an_answer_that_names_another_server_or_none_is_refused_and_its_code_is_not_sent(flow: Flow) -> None:
    for redirect_uri, issuer in itertools.product((TENANTS, OURS), ("https://attacker.example", None)):
        parameters = await flow.consented(redirectUri=redirect_uri)
        assert parameters.pop("iss") == flow.server.issuer
        if issuer is not None:
            parameters["iss"] = issuer
        if redirect_uri == TENANTS:
            problem(await flow.exchange(parameters), 400, "wrong_issuer", field="iss")
        else:
            assert "wrong_issuer" in (await flow.callback(parameters)).body.decode()
    assert flow.client.secrets == set()
    await flow.assert_nothing_is_kept()


async def test_scopes_that_were_not_granted_are_named_and_what_was_granted_is_given_back(flow: Flow) -> None:
    config = flow.context.config
    more = replace(config.oauth_other, scopes=(*SCOPES, "dns.admin"))
    flow.context.live_config.value = replace(config, oauth_other=more)
    answer = await flow.exchange(await flow.consented(redirectUri=TENANTS))
    assert "dns.admin" in problem(answer, 400, "insufficient_scope", field="code")["detail"]
    assert len(flow.client.granted) == 1
    await flow.assert_nothing_is_kept()


async def test_a_removed_connection_is_revoked_at_the_server(flow: Flow) -> None:
    connection = await flow.connected()
    assert (await flow.owner.delete(f"{CONNECTIONS}/{connection}")).status == 204
    assert len(flow.client.granted) == 1
    await flow.assert_nothing_is_kept()


async def test_a_connection_is_refreshed_and_its_old_refresh_token_is_dead(flow: Flow, clock: ManualClock) -> None:
    connection = await flow.stored(await flow.connected())
    clock.advance(DAY)
    await flow.access.open_driver(connection.org_id, connection.id)
    first, second = flow.client.granted
    assert first.refresh_token is not None
    assert first.refresh_token != second.refresh_token
    assert (await flow.stored(connection.id)).version == 2


async def test_an_old_refresh_token_that_comes_again_ends_the_connection_which_says_so(
    flow: Flow, organization: Organization, clock: ManualClock
) -> None:
    connection = await flow.stored(await flow.connected())
    clock.advance(DAY)
    await flow.access.open_driver(organization.id, connection.id)
    old = flow.client.granted[0].refresh_token
    assert old is not None
    await flow.assert_dead(old)
    clock.advance(DAY)
    with pytest.raises(Unauthorized) as refused:
        await flow.access.open_driver(organization.id, connection.id)
    assert refused.value.code == "reauth_required"
    shown = (await flow.owner.get(f"{CONNECTIONS}/{connection.id}")).json["connection"]
    assert shown["status"] == ConnectionStatus.REAUTH_REQUIRED
    assert [body["event"] for body in await bodies(flow.context, organization.id)] == ["connection.reauth_required"]
