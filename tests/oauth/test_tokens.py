"""The token endpoint's client: how it says who it is, and that no fault makes it tell a secret."""

import base64
import traceback
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest
import structlog
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.config.oauth_sections import OauthOtherConfig
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.oauth import code_challenge
from dcvd.core.secret import Secret
from dcvd.errors import DcvdError, NotConfigured, Permanent, Unauthorized
from dcvd.kit.http.fetch import Fetcher, FetchFailed
from dcvd.oauth.token_requests import encode_client_authentication
from dcvd.oauth.token_responses import TokenResponseLost
from dcvd.oauth.tokens import TokenClient
from tests.examples import examples
from tests.leaks import MARK
from tests.marked import marked
from tests.oauth import faults, strict
from tests.oauth.servers import METHODS, SECRET, TENANTS, client_at, client_id
from tests.oauth.strict import Fault, Strict

Log = list[MutableMapping[str, Any]]
_VERIFIER = Secret(marked("verifier" + "v" * 40))


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[Log]:
    """What is logged, which never holds a secret."""
    with structlog.testing.capture_logs() as lines:
        yield lines
    assert MARK not in repr(lines)


@pytest.fixture
async def server() -> AsyncIterator[Strict]:
    async with strict.serving() as server:
        yield server


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    fetcher = Fetcher()
    await fetcher.start()
    yield fetcher
    await fetcher.close()


@pytest.fixture
def client(fetcher: Fetcher, config: Config, server: Strict) -> TokenClient:
    return _client(fetcher, config, client_at(server))


def _client(fetcher: Fetcher, config: Config, other: OauthOtherConfig) -> TokenClient:
    return TokenClient(fetcher, Live(replace(config, oauth_other=other)))


def _code(server: Strict, method: Any = "client_secret_basic") -> Secret:
    """A code for `_VERIFIER`."""
    return server.consent(client_id(method), TENANTS, code_challenge(_VERIFIER))


@pytest.mark.parametrize("method", METHODS)
async def test_the_client_says_who_it_is_in_one_place_alone(
    fetcher: Fetcher, config: Config, server: Strict, method: Any
) -> None:
    client = _client(fetcher, config, client_at(server, method))
    tokens = await client.exchange(Provider.OTHER, code=_code(server, method), verifier=_VERIFIER, redirect_uri=TENANTS)
    assert tokens.refresh_token is not None
    again = await client.refresh(Provider.OTHER, tokens.refresh_token)
    assert again.refresh_token is not None
    assert await client.revoke(Provider.OTHER, again.refresh_token, "refresh_token")
    assert server.revoked == [again.refresh_token.reveal()]
    for form, headers in zip(server.asked, server.headers, strict=True):
        assert headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert ("Authorization" in headers) is (method == "client_secret_basic")
        assert ("client_secret" in form) is (method == "client_secret_post")
        assert ("client_id" in form) is (method != "client_secret_basic")
    assert MARK not in repr(tokens)


def test_basic_credentials_are_encoded_before_they_are_joined() -> None:
    # RFC 6749, section 2.3.1, with the vectors of appendix B: " %&+£€".
    client = OauthOtherConfig(client_id="a:b", client_secret=Secret(" %&+\u00a3\u20ac"))
    headers, form = encode_client_authentication(client)
    pair = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode("ascii")
    assert pair == "a%3Ab:+%25%26%2B%C2%A3%E2%82%AC"
    assert form == {}


@examples(0.7)
@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_basic_credentials_are_ascii_with_one_colon_whatever_the_secret(name: str, secret: str) -> None:
    headers, _ = encode_client_authentication(OauthOtherConfig(client_id=name, client_secret=Secret(secret)))
    pair = base64.b64decode(headers["Authorization"].removeprefix("Basic "), validate=True).decode("ascii")
    assert pair.count(":") == 1
    assert not set(pair) & set(" &=/?#\"'<>\r\n")


async def test_a_wrong_secret_is_the_operators_affair(fetcher: Fetcher, config: Config, server: Strict) -> None:
    client = _client(fetcher, config, replace(client_at(server), client_secret=Secret(marked("wrong"))))
    with pytest.raises(Unauthorized) as refused:
        await client.refresh(Provider.OTHER, Secret(marked("x")))
    assert refused.value.code == "invalid_client"
    assert "oauth.other.client_secret_file" in refused.value.message


async def test_without_a_secret_nothing_is_sent(fetcher: Fetcher, config: Config, server: Strict) -> None:
    client = _client(fetcher, config, replace(client_at(server), client_secret=None))
    with pytest.raises(NotConfigured):
        await client.refresh(Provider.OTHER, Secret(marked("x")))
    assert server.asked == []


async def test_a_fault_has_a_kind_and_a_code_and_tells_no_secret(client: TokenClient, server: Strict) -> None:
    for name, fault in faults.LOST.items():
        lost = await _failures(client, server, fault)
        assert [(type(each), each.code) for each in lost] == [(TokenResponseLost, "provider_unavailable")] * 2, name
        assert all(isinstance(each, FetchFailed) and each.may_have_arrived is (name != "429") for each in lost), name
    for name, (fault, code) in faults.BAD.items():
        refused = await _failures(client, server, fault)
        assert [(type(each), each.code) for each in refused] == [(Permanent, code)] * 2, name
    for name, fault in faults.CLIENT.items():
        unknown = await _failures(client, server, fault)
        assert [(type(each), each.code) for each in unknown] == [(Unauthorized, "invalid_client")] * 2, name


async def _failures(client: TokenClient, server: Strict, fault: Fault) -> list[DcvdError]:
    """What comes of a code and of a refresh token, which are good."""
    server.fault = None
    tokens = await client.exchange(Provider.OTHER, code=_code(server), verifier=_VERIFIER, redirect_uri=TENANTS)
    assert tokens.refresh_token is not None
    server.fault, code, before = fault, _code(server), len(server.asked)
    calls = (
        client.exchange(Provider.OTHER, code=code, verifier=_VERIFIER, redirect_uri=TENANTS),
        client.refresh(Provider.OTHER, tokens.refresh_token),
    )
    failures: list[DcvdError] = []
    for call in calls:
        with pytest.raises(DcvdError) as failed:
            await call
        _assert_tells_nothing(failed.value)
        failures.append(failed.value)
    assert len(server.asked) == before + 2, "no redirect is followed, and nothing is sent again"
    return failures


@pytest.mark.parametrize("fault", [faults.lost, faults.no_http, faults.server_error, faults.elsewhere])
async def test_a_revocation_that_fails_tells_no_secret_either(
    client: TokenClient, server: Strict, fault: Fault
) -> None:
    server.revocation_fault = fault
    with pytest.raises(DcvdError) as failed:
        await client.revoke(Provider.OTHER, Secret(marked("refresh")), "refresh_token")
    _assert_tells_nothing(failed.value)


async def test_an_unknown_token_counts_as_revoked(client: TokenClient) -> None:
    assert await client.revoke(Provider.OTHER, Secret(marked("unknown")), "access_token")


async def test_a_server_without_a_place_for_revocations_is_not_asked(client: TokenClient, server: Strict) -> None:
    server.metadata = {"revocation_endpoint": None}
    assert await client.revoke(Provider.OTHER, Secret(marked("refresh")), "refresh_token") is False


async def test_what_the_server_says_is_logged_printable_and_short(
    client: TokenClient, server: Strict, log_lines: Log
) -> None:
    server.fault = faults.refusing(400, "invalid_request")
    with pytest.raises(Permanent):
        await client.exchange(Provider.OTHER, code=_code(server), verifier=_VERIFIER, redirect_uri=TENANTS)
    (line,) = [line for line in log_lines if line["event"] == "oauth.refused"]
    assert (line["status"], line["error"]) == (400, "invalid_request")
    assert line["description"].isprintable()
    assert len(line["description"]) <= 200


async def test_a_token_that_a_refusal_quotes_is_not_logged(client: TokenClient, server: Strict, log_lines: Log) -> None:
    async def quoting(_: web.Request, answer: dict[str, Any]) -> web.StreamResponse:
        said = f"No use for {answer['access_token']}{'0' * 24}, sorry."
        return web.json_response({"error": "invalid_request", "error_description": said}, status=400)

    server.fault = quoting
    with pytest.raises(Permanent):
        await client.exchange(Provider.OTHER, code=_code(server), verifier=_VERIFIER, redirect_uri=TENANTS)
    (line,) = [line for line in log_lines if line["event"] == "oauth.refused"]
    assert line["description"] == "No use for [redacted], sorry."


def _assert_tells_nothing(error: BaseException) -> None:
    """Neither it nor what it is chained to, shown or not."""
    assert MARK not in "".join(traceback.format_exception(error))
    seen: list[BaseException] = []
    chain: list[BaseException | None] = [error]
    while chain:
        each = chain.pop()
        if each is None or each in seen:
            continue
        seen.append(each)
        assert MARK not in f"{each}{each!r}{vars(each)}", each
        assert SECRET.reveal() not in f"{each!r}"
        chain += [each.__cause__, each.__context__]
