"""The bytes of a request: the URL as it is written, our headers and the caller's, and nothing smuggled in."""

from ipaddress import IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd import __version__
from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.egress.request import Origin, encode_request, parse_target

POLICY = EgressPolicy(allow_http=True, allow_private=(IPv6Network("::1/128"),))


def made(url: str = "https://hooks.example/in", headers: dict[str, str] | None = None, body: bytes = b"{}") -> bytes:
    return encode_request(parse_target(url, "org_a", POLICY), headers or {}, body)


def test_a_request_is_these_bytes() -> None:
    assert made(headers={"Content-Type": "application/json", "X-100%": "50%s"}) == (
        b"POST /in HTTP/1.1\r\nHost: hooks.example\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
        b"User-Agent: dcvd/" + __version__.encode() + b"\r\nContent-Type: application/json\r\nX-100%: 50%s\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize(
    ("url", "origin", "path", "host"),
    [
        ("https://hooks.example", Origin("hooks.example", 443, True, "org_a"), "/", "hooks.example"),
        ("https://hooks.example?a=b", Origin("hooks.example", 443, True, "org_a"), "/?a=b", "hooks.example"),
        ("https://hooks.example/?", Origin("hooks.example", 443, True, "org_a"), "/?", "hooks.example"),
        (
            "https://hooks.example/a/../b%2f%7e",
            Origin("hooks.example", 443, True, "org_a"),
            "/a/../b%2f%7e",
            "hooks.example",
        ),
        ("https://hooks.example//x?q=//y", Origin("hooks.example", 443, True, "org_a"), "//x?q=//y", "hooks.example"),
        ("http://Hooks.Example:80/", Origin("hooks.example", 80, False, "org_a"), "/", "hooks.example"),
        ("https://hooks.example:8443/", Origin("hooks.example", 8443, True, "org_a"), "/", "hooks.example:8443"),
        ("https://hooks.example./", Origin("hooks.example.", 443, True, "org_a"), "/", "hooks.example"),
        ("http://[::1]:9000/in", Origin("::1", 9000, False, "org_a"), "/in", "[::1]:9000"),
        (
            "https://bücher.example/ü?q=%zz",
            Origin("xn--bcher-kva.example", 443, True, "org_a"),
            "/%C3%BC?q=%25zz",
            None,
        ),
    ],
)
def test_a_url_becomes_an_origin_and_the_bytes_that_were_written(
    url: str, origin: Origin, path: str, host: str | None
) -> None:
    target = parse_target(url, "org_a", POLICY)
    assert target.origin == origin
    assert target.head == f"POST {path} HTTP/1.1\r\nHost: {host or origin.host}\r\n".encode()


def test_a_caller_may_choose_our_own_headers_and_each_is_sent_once() -> None:
    sent = made(headers={"user-agent": "Acme/1", "ACCEPT-ENCODING": "gzip"})
    assert sent.lower().count(b"user-agent:") == 1
    assert sent.lower().count(b"accept-encoding:") == 1
    assert b"user-agent: Acme/1\r\n" in sent


@pytest.mark.parametrize(
    "headers",
    [{"X-Evil": "a\r\nHost: b"}, {"X\r\nEvil": "a"}, {"X-Good": "a", "Host": "b"}, {"X-Evil": "a\0"}, {"": "a"}],
)
def test_a_header_that_must_not_be_sent_is_refused_however_often_it_is_tried(headers: dict[str, str]) -> None:
    for _ in range(2):
        with pytest.raises(EgressError) as caught:
            made(headers=headers)
        assert (caught.value.kind, caught.value.reason) == ("refused_by_policy", None)


def test_a_good_value_for_a_name_vouches_for_no_other() -> None:
    made(headers={"X-Note": "good"})
    with pytest.raises(EgressError):
        made(headers={"X-Note": "bad\r\n\r\n"})


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=30), max_size=4), st.binary(max_size=40))
def test_whatever_the_headers_are_the_request_has_one_head_and_its_body(headers: dict[str, str], body: bytes) -> None:
    try:
        sent = made(headers=headers, body=body)
    except EgressError:
        return
    head, _, rest = sent.partition(b"\r\n\r\n")
    assert rest == body
    lines = head.split(b"\r\n")
    assert len(lines) == 6 + len(headers) - len(
        {"accept", "accept-encoding", "user-agent"} & {n.lower() for n in headers}
    )
    assert not any(byte < 32 and byte != 9 for line in lines for byte in line)


def test_a_refused_url_has_its_reason() -> None:
    with pytest.raises(EgressError) as caught:
        parse_target("https://10.0.0.1/", "org_a", POLICY)
    assert (caught.value.kind, caught.value.reason) == ("refused_by_policy", FailureReason.ADDRESS_NOT_ALLOWED)
