"""Targets of requests: a path, or all of an address, which then says which host is meant; the host in the header."""

import json
from typing import Any

import pytest

from tests.kit.http.peer import answer, connected, serving


async def tell_target(scope: dict[str, Any], receive: Any, send: Any) -> None:
    hosts = [value.decode() for name, value in scope["headers"] if name == b"host"]
    query = scope["query_string"].decode()
    await answer(send, 200, json.dumps({"path": scope["path"], "query": query, "hosts": hosts}).encode())


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        ("/a?b=c", ["/a", "b=c", ["header.example"]]),
        ("http://target.example/a?b=c", ["/a", "b=c", ["target.example"]]),
        ("HTTPS://Target.example:8080/a", ["/a", "", ["Target.example:8080"]]),
        ("http://[::1]:80/", ["/", "", ["[::1]:80"]]),
        ("http://target.example", ["/", "", ["target.example"]]),
        ("http://target.example?b=c", ["/", "b=c", ["target.example"]]),
        ("http://target.example//a@b", ["//a@b", "", ["target.example"]]),
        ("*", ["*", "", ["header.example"]]),
    ],
)
async def test_a_target_that_names_the_host_is_believed_before_the_header(target: str, seen: list[Any]) -> None:
    async with serving(tell_target) as (_, [address]), connected(address) as client:
        await client.send(f"OPTIONS {target} HTTP/1.1\r\nHost: header.example\r\n\r\n".encode())
        assert list((await client.response())[1].values()) == seen


@pytest.mark.parametrize(
    "target",
    [
        "http://header.example@target.example/",
        "http://user:password@target.example/",
        "http:///a",
        "http://?a",
        "ftp://target.example/",
        "target.example:80",
        "a",
        "http:a",
        "http://target.example/#a",
        "http://[::1]target.example/",
        "http://target.example:a/",
    ],
)
async def test_a_target_of_another_form_is_refused(target: str) -> None:
    async with serving(tell_target) as (_, [address]), connected(address) as client:
        await client.send(f"GET {target} HTTP/1.1\r\nHost: header.example\r\n\r\n".encode())
        assert (await client.head()).startswith("HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1\r\n",
        "GET http://target.example/ HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n",
        "GET / HTTP/1.1\r\nHost: user@a\r\n",
        "GET / HTTP/1.1\r\nHost: a:b\r\n",
        "GET / HTTP/1.1\r\nHost: a:80:80\r\n",
        "GET / HTTP/1.1\r\nHost: [::1\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]a\r\n",
        "GET / HTTP/1.1\r\nHost: ::1\r\n",
        "GET / HTTP/1.1\r\nHost: b\u00fccher.example\r\n",
        "GET / HTTP/1.1\r\nHost: http://a\r\n",
    ],
)
async def test_a_request_that_tells_no_host_or_not_one_alone_is_refused(head: str) -> None:
    async with serving(tell_target) as (_, [address]), connected(address) as client:
        await client.send(f"{head}\r\n".encode())
        assert (await client.head()).startswith("HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("head", "hosts"),
    [
        ("GET / HTTP/1.0\r\n", []),
        ("GET / HTTP/1.0\r\nHost: a\r\n", ["a"]),
        ("GET / HTTP/1.1\r\nHost:\r\n", [""]),
        ("GET / HTTP/1.1\r\nHost: A.example.:8080\r\n", ["A.example.:8080"]),
        ("GET / HTTP/1.1\r\nHost: _a-b.example:\r\n", ["_a-b.example:"]),
        ("GET / HTTP/1.1\r\nHost: [2001:DB8::1]:443\r\n", ["[2001:DB8::1]:443"]),
        ("GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n", ["192.0.2.1"]),
    ],
)
async def test_a_host_is_a_name_or_an_address_with_or_without_a_port(head: str, hosts: list[str]) -> None:
    async with serving(tell_target) as (_, [address]), connected(address) as client:
        await client.send(f"{head}\r\n".encode())
        assert (await client.response())[1]["hosts"] == hosts
