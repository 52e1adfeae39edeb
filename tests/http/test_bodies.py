"""Request bodies: what is read, what is refused, and how it is said."""

from typing import Any

import pytest

from tests.served_app.client import Client, problem
from tests.served_app.fixtures import BODY_LIMIT


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'],
)
async def test_json_is_read_whatever_way_its_type_is_written(owner: Client, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    answer = await owner.post("/api/domains", data=b'{"domainName":"app.customer.com"}', headers=headers)
    assert answer.status == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": ""},
        {"Content-Encoding": "gzip"},
    ],
)
async def test_anything_but_plain_json_is_415(owner: Client, headers: dict[str, str]) -> None:
    answer = await owner.post("/api/domains", data=b'{"domainName":"app.customer.com"}', headers=headers)
    problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}])
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/domains"), ("PATCH", "/api/webhooks/wh_x")])
async def test_an_empty_body_is_400(owner: Client, method: str, path: str, headers: dict[str, str]) -> None:
    problem(await owner.call(method, path, headers=headers), 400, "malformed_json", field="body")


async def test_a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_413(owner: Client) -> None:
    body = b'{"domainName":"app.customer.com"}'
    problem(await owner.post("/api/domains", data=body.ljust(BODY_LIMIT + 1)), 413, "body_too_large")
    assert (await owner.post("/api/domains", data=body.ljust(BODY_LIMIT))).status == 201


async def test_a_body_without_a_length_is_cut_at_the_limit_too(owner: Client) -> None:
    async def pieces(count: int) -> Any:
        yield b'{"domainName":"app.customer.com"}'
        for _ in range(count):
            yield b" " * 1024

    problem(await owner.post("/api/domains", data=pieces(4)), 413, "body_too_large")
    assert (await owner.post("/api/domains", data=pieces(3))).status == 201


async def test_a_body_without_a_length_may_be_empty_and_is_400_then(owner: Client) -> None:
    async def nothing() -> Any:
        yield b""

    problem(await owner.post("/api/domains", data=nothing()), 400, "malformed_json", field="body")


async def test_a_length_that_is_too_large_is_refused_before_anything_is_sent(
    addresses: tuple[int, object], owner: Client
) -> None:
    answer = await owner.post("/api/domains", data=b"x" * (BODY_LIMIT * 100), headers={"Expect": "100-continue"})
    problem(answer, 413, "body_too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"}",
        b"nonsense",
        b"{'domainName': 'x'}",
        b'{"domainName":"app.customer.com"} {}',
        b'{"domainName":"app.customer.com",}',
        b'{"domainName":"\xff"}',
        b'{"domainName":"\xed\xa0\x80"}',
        b'{"domainName":"\\ud800"}',
        b'{"domainName":"\\udc00.customer.com"}',
        b'{"domainName":"a\x00b.customer.com"}',
        '{"domainName":"app.customer.com"}'.encode("utf-16"),
        b"NaN",
    ],
)
async def test_what_is_not_json_is_400(owner: Client, body: bytes) -> None:
    problem(await owner.post("/api/domains", data=body), 400, "malformed_json", field="body")
    assert (await owner.get("/api/domains")).json["domains"] == []


@pytest.mark.parametrize(
    "body", [b"[]", b'[{"domainName":"app.customer.com"}]', b"null", b"1", b"true", b'"text"', b"[" * 4000]
)
async def test_json_that_is_no_object_is_400(owner: Client, body: bytes) -> None:
    found = problem(await owner.post("/api/domains", data=body), 400, "invalid_input", field="body")
    assert "has to be an object" in found["detail"]


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        (b"{}", "domainName", "domainName is missing."),
        (b'{"domainName":null}', "domainName", "domainName has to be text, but null was given."),
        (b'{"domainName":1}', "domainName", "domainName has to be text, but a number was given."),
        (b'{"domainName":%s}' % (b"9" * 400), "domainName", "Number out of range"),
        (b'{"domainName":1e999}', "domainName", "domainName"),
        (b'{"domainName":["app.customer.com"]}', "domainName", "domainName has to be text, but a list was given."),
        (b'{"domainName":%s}' % (b"[" * 3000), "domainName", "domainName has to be text, but a list was given."),
        (b'{"domainName":{}}', "domainName", "domainName has to be text, but an object was given."),
    ],
)
async def test_a_wrong_member_is_named_with_what_it_should_be(
    owner: Client, body: bytes, field: str, said: str
) -> None:
    found = problem(await owner.post("/api/domains", data=body), 400, "invalid_input", field=field)
    assert said in found["errors"][0]["message"]


@pytest.mark.parametrize("name", ["domain_name", "DomainName", "org_id", "", "\u0000", "x" * 3000])
async def test_a_member_that_is_not_expected_is_named_beside_those_that_are(owner: Client, name: str) -> None:
    answer = await owner.post("/api/domains", {"domainName": "app.customer.com", name: 1})
    found = problem(answer, 400, "unknown_field", field=name)
    assert len(found["detail"]) <= 1001
    assert "what can be given: domainName" in found["detail"]
    assert (await owner.get("/api/domains")).json["domains"] == []


async def test_the_place_of_a_wrong_value_in_a_list_is_told(owner: Client) -> None:
    body = {"url": "https://hooks.customer.com/", "events": ["domain.active", 5]}
    problem(await owner.post("/api/webhooks", body), 400, "invalid_input", field="events[1]")


async def test_a_value_outside_a_closed_set_is_answered_with_the_set(owner: Client) -> None:
    found = problem(await owner.post("/api/tokens", {"name": "x", "role": "god"}), 400, "invalid_input", field="role")
    assert found["detail"] == "role is 'god', which is none of: member, admin, owner."


async def test_the_connection_goes_on_after_a_body_that_nobody_read(member: Client, owner: Client) -> None:
    problem(await member.post("/api/domains", data=b"x" * 100_000), 403, "forbidden")
    problem(await owner.post("/api/domains", data=b"x" * 100_000), 413, "body_too_large")
    assert (await owner.get("/api/domains")).status == 200


async def test_a_number_with_a_fraction_is_told_that_a_whole_one_is_wanted(owner: Client) -> None:
    body = {"url": "https://hooks.customer.com/", "events": ["domain.active"], "maxPerSecond": 1.5}
    found = problem(await owner.post("/api/webhooks", body), 400, "invalid_input", field="maxPerSecond")
    assert found["detail"] == "maxPerSecond has to be a whole number or null, but a number was given."


@pytest.mark.parametrize("number", ["60.0", "6e1", "60"])
async def test_a_whole_number_may_be_written_with_a_fraction_of_nothing(owner: Client, number: str) -> None:
    """JSON Schema takes 60.0 for an integer, and so do the clients that are generated from our document."""
    body = f'{{"url":"https://hooks.customer.com/","events":["domain.active"],"maxPerSecond":{number}}}'
    answer = await owner.post("/api/webhooks", data=body.encode())
    assert answer.status == 201, answer.json
    assert answer.json["webhook"]["maxPerSecond"] == 60


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e308", "NaN", "0.5"])
async def test_a_number_that_is_not_whole_or_far_too_large_is_refused(owner: Client, number: str) -> None:
    body = f'{{"url":"https://hooks.customer.com/","events":["domain.active"],"maxPerSecond":{number}}}'
    assert (await owner.post("/api/webhooks", data=body.encode())).status == 400
