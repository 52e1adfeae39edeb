"""What answers tell browsers, and by which names and from which pages the API may be called."""

import msgspec
import pytest
from msgspec.structs import replace
from multidict import CIMultiDict

from dcvd.api.app import Api
from dcvd.config import Config
from tests.http.enveloped import Enveloped
from tests.served_app.client import Client

_PAGE = "https://app.example.net"
_PREFLIGHT = [("Origin", _PAGE), ("Access-Control-Request-Method", "PATCH")]


def configured(app: Api, config: Config, **server: object) -> Enveloped:
    return Enveloped(app, replace(config, server=replace(config.server, **server)))


def cors_names(headers: CIMultiDict[str]) -> list[str]:
    return [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/health", "/schema/openapi.json", "/nowhere", "/api/domains", "/metrics"])
async def test_every_answer_lets_a_browser_guess_run_frame_and_pass_on_nothing(anybody: Client, path: str) -> None:
    headers = (await anybody.get(path)).headers
    for name, value in {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Strict-Transport-Security": "max-age=31536000",
    }.items():
        assert headers.getall(name) == [value]


async def test_a_page_keeps_the_policy_that_it_brings(app: Api, config: Config) -> None:
    page = Enveloped(app, config, headers=[("content-security-policy", "default-src 'self'"), ("x-frame-options", "x")])
    headers = (await page.call()).headers
    assert headers.getall("Content-Security-Policy") == ["default-src 'self'"]
    assert headers.getall("X-Frame-Options") == ["DENY"]


async def test_a_service_without_tls_does_not_ask_for_it(app: Api, config: Config) -> None:
    for url in ("", "http://dcv.example.net"):
        headers = (await configured(app, config, public_url=url).call()).headers
        assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("dcv.example.net", 200), ("DCV.Example.net:8080", 200), ("dcv.example.net.", 200), ("[::1]:8080", 200),
        ("10.1.2.3", 200), ("evil.example", 421), ("dcv.example.net.evil.example", 421), ("", 421),
    ],
)  # fmt: skip
async def test_over_tcp_only_the_configured_names_are_answered(
    app: Api, config: Config, host: str, status: int
) -> None:
    api = configured(app, config, hosts=("dcv.example.net", "10.1.2.3", "[::1]"))
    answer = await api.call(headers=[("Host", host)])
    assert answer.status == status
    if status == 421:
        assert msgspec.json.decode(answer.body)["code"] == "misdirected_request"


async def test_a_request_without_a_host_or_with_two_is_misdirected(app: Api, config: Config) -> None:
    api = configured(app, config, hosts=("dcv.example.net",))
    for headers in ([], [("Host", "dcv.example.net"), ("Host", "dcv.example.net")]):
        assert (await api.call(headers=headers)).status == 421


async def test_over_the_unix_socket_and_without_configured_names_any_is_answered(app: Api, config: Config) -> None:
    strict, open_to_all = configured(app, config, hosts=("dcv.example.net",)), configured(app, config)
    assert (await strict.call(peer=None, headers=[("Host", "localhost")])).status == 200
    assert (await open_to_all.call(headers=[("Host", "anything")])).status == 200


async def test_without_configured_origins_no_answer_speaks_of_them(app: Api, config: Config) -> None:
    api = configured(app, config)
    for method in ("GET", "OPTIONS"):
        answer = await api.call(method=method, headers=_PREFLIGHT)
        assert cors_names(answer.headers) == []
        assert "Vary" not in answer.headers


async def test_a_page_of_a_configured_origin_may_ask_and_read_the_answer(app: Api, config: Config) -> None:
    api = configured(app, config, cors_origins=(_PAGE,))
    preflight = await api.call(method="OPTIONS", headers=_PREFLIGHT)
    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == _PAGE
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert api.state == {}, "the application is not asked"
    answer = await api.call(headers=[("Origin", _PAGE)])
    assert answer.headers["Access-Control-Allow-Origin"] == _PAGE
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    for headers in (preflight.headers, answer.headers):
        assert headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://app.example.net", _PAGE + ":8443"])
async def test_a_page_of_another_origin_learns_nothing(app: Api, config: Config, origin: str) -> None:
    api = configured(app, config, cors_origins=(_PAGE,))
    for method in ("GET", "OPTIONS"):
        answer = await api.call(method=method, headers=[("Origin", origin), _PREFLIGHT[1]])
        assert cors_names(answer.headers) == []
        assert answer.headers["Vary"] == "Origin"


async def test_no_page_learns_that_there_are_operators_paths(app: Api, config: Config) -> None:
    api = configured(app, config, cors_origins=(_PAGE,))
    assert (await api.call(method="OPTIONS", path="/operator/organizations", headers=_PREFLIGHT)).status == 404
