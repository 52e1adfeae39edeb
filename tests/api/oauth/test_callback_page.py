"""Where a browser ends: on a plain page that trusts nothing in its own address, or where the tenant wanted it."""

from urllib.parse import quote

import pytest

from dcvd.core.connections.connection import Provider
from dcvd.errors import InvalidInput, NotConfigured
from dcvd.kit.http.fetch import Fetcher
from dcvd.oauth.servers import AuthorizationServers
from dcvd.services import organizations
from dcvd.services.context import Context
from tests.api.oauth.conftest import RETURN_TO
from tests.api.oauth.flow import CONNECTIONS, Flow
from tests.manual_clock import ManualClock
from tests.marked import marked
from tests.served_app.client import Answer, Client, problem
from tests.served_app.fixtures import Mint

pytestmark = pytest.mark.parametrize("server", ["ours"], indirect=True)

_SCRIPT = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


def _assert_page(answer: Answer, status: int) -> str:
    """A page of ours: it loads nothing, stands in no frame, is kept nowhere, and tells its URL to nobody."""
    assert answer.status == status, answer.body
    headers = answer.headers
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    text = answer.body.decode()
    assert "http" not in text
    assert "<script" not in text
    assert "<img" not in text
    return text


async def test_what_an_attacker_puts_in_the_address_is_not_on_the_page(flow: Flow) -> None:
    for name in ("state", "code", "error", "iss"):
        parameters = {"state": "x", "code": "x", "error_description": _SCRIPT, name: _SCRIPT}
        text = _assert_page(await flow.callback(parameters), 400)
        assert "alert" not in text


async def test_an_error_of_the_servers_own_making_is_not_repeated(flow: Flow) -> None:
    begun = await flow.begin()
    text = _assert_page(
        await flow.callback({"state": begun["state"], "error": _SCRIPT, "error_description": _SCRIPT}), 400
    )
    assert "authorization_failed" in text
    assert "alert" not in text
    await flow.assert_nothing_is_kept()


async def test_the_name_of_an_organization_is_text(flow: Flow, mint: Mint) -> None:
    hostile = await organizations.create(flow.context, _SCRIPT)
    flow.owner = flow.anybody.as_bearer(await mint(org_id=hostile.id))
    for consent, status in ((True, 200), (False, 400)):
        answer = await flow.callback(await flow.answered(await flow.begin(), consent=consent))
        assert "&lt;script&gt;" in _assert_page(answer, status)


async def test_the_page_speaks_the_language_of_the_browser(flow: Flow) -> None:
    for language, connected, declined in (
        ("en", "at your DNS provider.", "Your DNS provider was not connected to "),
        ("de", "kann jetzt bei Ihrem DNS-Anbieter DNS-Einträge", " mit Ihrem DNS-Anbieter kam nicht zustande."),
    ):
        for consent, status, says in ((True, 200, connected), (False, 400, declined)):
            parameters = await flow.answered(await flow.begin(), consent=consent)
            answer = await flow.callback(parameters, language=language)
            assert says in _assert_page(answer, status)
            assert answer.headers["Content-Language"] == language


async def test_there_is_no_page_for_what_has_no_oauth(flow: Flow) -> None:
    for provider in ("route53", "nowhere", "OTHER", quote(_SCRIPT, safe=""), "other%0d%0aX-A:%20b"):
        answer = await flow.callback({"state": "x", "code": "x"}, provider)
        problem(answer, 404, "route_not_found")
        assert b"<script" not in answer.body


async def test_there_is_a_page_for_each_provider_that_has_oauth(flow: Flow, context: Context) -> None:
    servers = AuthorizationServers(Fetcher(), context.live_config)
    for provider in Provider:
        answer = await flow.anybody.get(f"/oauth/callback/{provider.value}?state=x&code=x")
        try:
            servers.get_client(provider)
        except InvalidInput:
            assert answer.status == 404, provider
        except NotConfigured:
            assert answer.status == 400, provider
        else:
            _assert_page(answer, 400)


async def test_a_browser_is_sent_on_with_the_connection_and_the_state_behind_what_the_address_had(flow: Flow) -> None:
    parameters = await flow.consented(returnTo=RETURN_TO)
    answer = await flow.callback(parameters)
    assert answer.status == 303
    ((made,),) = [(row["id"],) for row in (await flow.owner.get(CONNECTIONS)).json["connections"]]
    assert answer.headers["Location"] == f"{RETURN_TO}&connection={made}&state={parameters['state']}"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body == b""


async def test_a_browser_is_sent_on_with_the_code_of_a_failure_and_no_word_of_the_servers(flow: Flow) -> None:
    declined = await flow.answered(await flow.begin(returnTo=RETURN_TO), consent=False)
    end = f"{RETURN_TO}&error=access_denied&state={declined['state']}"
    assert (await flow.callback(declined)).headers["Location"] == end
    begun = await flow.begin(returnTo=RETURN_TO)
    answer = await flow.callback({"state": begun["state"], "error": f"x&connection=conn_1#{_SCRIPT}"})
    assert answer.headers["Location"] == f"{RETURN_TO}&error=authorization_failed&state={begun['state']}"
    await flow.assert_nothing_is_kept()


async def test_without_a_state_nobody_is_sent_anywhere(flow: Flow) -> None:
    parameters = await flow.consented(returnTo=RETURN_TO)
    assert (await flow.callback(parameters)).status == 303
    again = await flow.callback(parameters)
    _assert_page(again, 400)
    assert "Location" not in again.headers
    assert await flow.kept() == 1


async def test_a_browser_is_sent_only_where_the_configuration_says(flow: Flow) -> None:
    for wrong in ("https://attacker.example/", f"{RETURN_TO}&x=1", "https://app.example.com/done", "//app.example.com"):
        answer = await flow.owner.post("/api/oauth/authorize", {"provider": "other", "returnTo": wrong})
        problem(answer, 400, "invalid_input", field="returnTo")


async def test_only_a_get_uses_the_state(flow: Flow) -> None:
    parameters = await flow.consented()
    path = "/oauth/callback/other?" + "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
    for method in ("HEAD", "POST", "PUT", "DELETE"):
        answer = await flow.anybody.call(method, path)
        assert answer.status == 405
        assert set(answer.headers["Allow"].split(", ")) >= {"GET", "OPTIONS"}
    assert await flow.kept() == 0
    _assert_page(await flow.callback(parameters), 200)


async def test_an_address_that_is_not_whole_gets_a_page_that_says_so(flow: Flow) -> None:
    queries = [
        "",
        "state=x",
        "code=x",
        "state=&code=x",
        "state=x&code=",
        "state=x&state=y&code=x",
        f"state=x&code=x&code={marked('code')}",
        f"state=x&code=%ff{marked('code')}",
        f"state=x&code={marked('code')}&iss=a&iss=b",
        f"state=x&code={marked('a' * 5000)}",
        f"code={marked('code')}&" + "&".join(f"p{number}=" for number in range(40)),
    ]
    for query in queries:
        answer = await flow.anybody.get(f"/oauth/callback/other?{query}")
        assert "This link is not complete." in _assert_page(answer, 400), query


async def test_a_token_that_may_not_write_any_more_connects_nothing(flow: Flow, clock: ManualClock) -> None:
    ended, demoted = await flow.consented(), await flow.consented()
    await flow.context.database.write(
        lambda tx: tx.execute("UPDATE api_tokens SET expires_at = ? WHERE id > ''", (clock.now(),))
    )
    _assert_page(await flow.callback(ended), 400)
    await flow.context.database.write(
        lambda tx: tx.execute("UPDATE api_tokens SET expires_at = NULL, role = 'member' WHERE id > ''")
    )
    _assert_page(await flow.callback(demoted), 400)
    assert flow.client.secrets == set()
    await flow.assert_nothing_is_kept()


async def test_a_member_cannot_begin_or_exchange(flow: Flow, member: Client) -> None:
    problem(await member.post("/api/oauth/authorize", {"provider": "other"}), 403, "forbidden")
    parameters = await flow.consented()
    problem(await flow.exchange(parameters, member), 403, "forbidden")
    _assert_page(await flow.callback(parameters), 200)
