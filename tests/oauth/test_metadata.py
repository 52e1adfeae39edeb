"""An issuer's metadata: where it is looked for, what of it is believed, and how long it is kept."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from dcvd.errors import DcvdError, Permanent, Retryable
from dcvd.kit.http.fetch import Fetcher
from dcvd.oauth.metadata import MetadataCache
from tests.kit.receivers import receiver

_RFC = "/.well-known/oauth-authorization-server/tenant"
_OPENID = "/tenant/.well-known/openid-configuration"


class Issuer:
    """answers: by path, what is there: a document, a status, or text. asked: the paths."""

    def __init__(self) -> None:
        self.url = ""
        self.now = 0.0
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.cache: MetadataCache

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        match self.answers.get(request.path, 404):
            case int(status):
                return web.Response(status=status)
            case str(text):
                return web.Response(text=text)
            case document:
                return web.json_response(document)

    def document(self, **changes: Any) -> dict[str, Any]:
        return {"issuer": self.url, "token_endpoint": f"{self.url}/token", **changes}


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """Has a path, as an issuer with several tenants does."""
    issuer, fetcher = Issuer(), Fetcher()
    await fetcher.start()
    async with receiver(issuer) as port:
        issuer.url = f"http://127.0.0.1:{port}/tenant"
        issuer.cache = MetadataCache(fetcher, lambda: issuer.now)
        yield issuer
    await fetcher.close()


async def test_it_is_where_rfc_8414_says_or_where_openid_connect_does(issuer: Issuer) -> None:
    issuer.answers = {_OPENID: issuer.document()}
    assert (await issuer.cache.get(issuer.url)).token_url == f"{issuer.url}/token"
    assert issuer.asked == [_RFC, _OPENID]


async def test_many_at_once_ask_once_and_again_after_an_hour(issuer: Issuer) -> None:
    issuer.answers = {_RFC: issuer.document(authorization_response_iss_parameter_supported=True)}
    found = await asyncio.gather(*[issuer.cache.get(issuer.url) for _ in range(10)])
    assert all(each.issuer_in_responses for each in found)
    assert issuer.asked == [_RFC]
    issuer.now = 3599.9
    await issuer.cache.get(issuer.url)
    assert issuer.asked == [_RFC]
    issuer.now = 3600.0
    await issuer.cache.get(issuer.url)
    assert issuer.asked == [_RFC] * 2


async def test_a_failure_is_soon_tried_again_but_not_at_once(issuer: Issuer) -> None:
    issuer.answers = {_RFC: 503}
    for _ in range(2):
        with pytest.raises(Retryable):
            await issuer.cache.get(issuer.url)
    assert issuer.asked == [_RFC]
    issuer.answers, issuer.now = {_RFC: issuer.document()}, 5.0
    assert (await issuer.cache.get(issuer.url)).token_url


async def test_what_may_be_somebody_elses_or_is_none_is_refused(issuer: Issuer) -> None:
    of_another = issuer.document(issuer=f"{issuer.url}/")
    wrong: list[Any] = [
        of_another,
        issuer.document(issuer=None),
        issuer.document(token_endpoint="http://dns.example/token"),
        issuer.document(token_endpoint="https://user:password@dns.example/token"),
        issuer.document(token_endpoint="javascript:alert(1)"),
        issuer.document(revocation_endpoint=["https://dns.example/"]),
        "<html>",
        "[" * 30_000,
        "[1]",
        404,
    ]
    for answer in wrong:
        issuer.answers, issuer.now = {_RFC: answer}, issuer.now + 10
        with pytest.raises(DcvdError) as failed:
            await issuer.cache.get(issuer.url)
        assert (type(failed.value), failed.value.code) == (Permanent, "bad_metadata"), answer


async def test_only_true_announces_that_the_issuer_is_in_the_answers(issuer: Issuer) -> None:
    for value in ("true", 1, None, False):
        issuer.answers = {_RFC: issuer.document(authorization_response_iss_parameter_supported=value)}
        issuer.now += 4000
        assert not (await issuer.cache.get(issuer.url)).issuer_in_responses
