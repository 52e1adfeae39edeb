"""Targets of requests: a path, or all of an address, which then says which host is meant."""

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
    ],
)
async def test_a_target_of_another_form_is_refused(target: str) -> None:
    async with serving(tell_target) as (_, [address]), connected(address) as client:
        await client.send(f"GET {target} HTTP/1.1\r\nHost: header.example\r\n\r\n".encode())
        assert (await client.head()).startswith("HTTP/1.1 400 ")
