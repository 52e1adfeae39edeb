"""`/api/domains/bulk`."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dcvd.api.app import Api
from dcvd.http.bodies.ndjson import MAX_LINE_BYTES
from dcvd.http.limits.admission_limits import StreamSlots
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Answer, Client, problem
from tests.served_app.fixtures import Mint
from tests.typed import left, required

BULK = "/api/domains/bulk"
DELETE = "/api/domains/bulk/delete"
LINES = {"Content-Type": "application/x-ndjson"}


def _body(*names: str) -> bytes:
    return b"".join(json.dumps({"domainName": name}).encode() + b"\n" for name in names)


def _results(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.body.endswith(b"\n")
    return [json.loads(line) for line in answer.body.splitlines()]


def _outcomes(results: list[dict[str, Any]]) -> list[str]:
    return [result["error"]["code"] if result["error"] else result["outcome"] for result in results]


async def test_many_domains_are_added_by_one_call_each_with_its_own_outcome(owner: Client) -> None:
    given = [
        {"domainName": "a.customer.com"},
        {"domainName": "co.uk"},
        {"name": "x"},
        7,
        {"domainName": "A.customer.com"},
    ]
    answer = await owner.post(BULK, {"domains": given})
    assert answer.status == 200
    first, *others = answer.json["results"]
    domain_id = first["domain"].pop("id")
    assert first["domain"].pop("ownership")["record"]["name"] == "_dcvd.a.customer.com"
    assert first == {
        "line": 1,
        "domainName": "a.customer.com",
        "outcome": "created",
        "domain": {
            "status": "pending_cname",
            "validation": "http",
            "wildcard": False,
            "requiredRecords": [required("a", "customer.com", "edge.example.net")],
        },
        "registration": {"status": "queued", "position": 1, "expectedAt": "2027-01-15T08:00:00Z"},
        "error": None,
    }
    assert _outcomes(others) == ["hostname_invalid", "unknown_field", "invalid_input", "exists"]
    assert [other["line"] for other in others] == [2, 3, 4, 5]
    assert others[3]["domain"]["id"] == domain_id
    assert answer.json["summary"] == {"created": 1, "exists": 1, "wouldCreate": 0, "refused": 3}
    assert [found["id"] for found in (await owner.get("/api/domains")).json["domains"]] == [domain_id]


async def test_lines_are_answered_line_by_line(owner: Client) -> None:
    body = (
        _body("a.customer.com")
        + b"\n{\n"
        + b" " * MAX_LINE_BYTES
        + b"x\n"
        + b'{"domainName":"b.customer.com","wildcard":true}'
    )
    results = _results(await owner.post(BULK, data=body, headers=LINES))
    assert _outcomes(results) == ["created", "malformed_json", "line_too_long", "created"]
    assert [result["line"] for result in results] == [1, 3, 4, 5]
    assert results[1]["error"]["message"].startswith("The line is not valid JSON")
    assert results[3]["domain"]["validation"] == "delegated"
    assert results[3]["registration"]["position"] == 2


async def test_the_first_answers_come_while_lines_are_still_being_sent(
    addresses: tuple[int, object], mint: Mint
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
    head = f"POST {BULK} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
    writer.write(f"{head}Authorization: Bearer {await mint()}\r\n\r\n".encode())

    async def answered_after(line: bytes) -> dict[str, Any]:
        writer.write(b"%x\r\n%s\r\n" % (len(line), line))
        while not (found := await reader.readline()).startswith(b"{"):
            assert found
        return json.loads(found)  # type: ignore[no-any-return]

    async with asyncio.timeout(10):
        assert (await answered_after(_body("a.customer.com")))["domainName"] == "a.customer.com"
        assert (await answered_after(_body("b.customer.com")))["line"] == 2
        writer.write(b"0\r\n\r\n")
        while (await reader.readline()) != b"0\r\n":
            pass
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_reads_only_when_it_has_sent_all_is_answered_in_full(
    addresses: tuple[int, Path], mint: Mint
) -> None:
    """As most HTTP libraries do it: more is answered than any buffer on the way can hold."""
    count = 3_000
    body = b"".join(b'{"domainName":"no name%s"}\n' % (b"!" * 900) for _ in range(count)) + _body("a.customer.com")
    reader, writer = await asyncio.open_unix_connection(addresses[1])
    head = f"POST {BULK}?dryRun=true HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\nAuthorization: Bearer {await mint()}\r\n".encode())
    writer.write(b"Connection: close\r\n\r\n" + body)
    async with asyncio.timeout(10):
        await writer.drain()
        while writer.transport.get_write_buffer_size():
            await asyncio.sleep(0.01)
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    lines = [line for line in answer.split(b"\n") if line.startswith(b'{"line"')]
    assert len(lines) == count + 1
    assert json.loads(lines[-1])["outcome"] == "would_create"


async def test_a_repeat_with_the_same_key_has_the_same_answer(owner: Client) -> None:
    body = _body("a.customer.com", "co.uk", "b.customer.com")
    first = await owner.post(BULK, data=body, headers={**LINES, "Idempotency-Key": "k"})
    again = await owner.post(BULK, data=body, headers={**LINES, "Idempotency-Key": "k"})
    assert _results(again) == _results(first)
    assert _outcomes(_results(first)) == ["created", "hostname_invalid", "created"]
    other = await owner.post(BULK, data=_body("c.customer.com"), headers={**LINES, "Idempotency-Key": "k"})
    assert _outcomes(_results(other)) == ["idempotency_key_reused"]


async def test_a_key_answers_again_to_the_token_that_used_it_alone(owner: Client, admin: Client) -> None:
    """An answer shows domains; another token may be limited to others."""
    headers = {"Idempotency-Key": "k"}
    whole = {"domains": [{"domainName": "a.customer.com"}]}
    assert (await owner.post(BULK, whole, headers=headers)).status == 200
    problem(await admin.post(BULK, whole, headers=headers), 409, "idempotency_key_reused")
    lines = _body("a.customer.com", "b.customer.com")
    answer = await admin.post(BULK, data=lines, headers={**LINES, **headers})
    assert _outcomes(_results(answer)) == ["idempotency_key_reused"] * 2
    assert [result["domain"] for result in _results(answer)] == [None, None]
    assert len((await owner.get("/api/domains")).json["domains"]) == 1


async def test_a_key_is_for_removals_that_also_remove_records_or_for_others(owner: Client) -> None:
    await owner.post(BULK, {"domains": [{"domainName": "a.customer.com"}]})
    body, headers = {"domainNames": ["a.customer.com"]}, {"Idempotency-Key": "k"}
    assert (await owner.post(DELETE, body, headers=headers)).json["results"][0]["outcome"] == "removed"
    again = await owner.post(DELETE, {**body, "removeRecords": True}, headers=headers)
    problem(again, 409, "idempotency_key_reused")


async def test_a_whole_call_with_a_used_key_is_409_and_adds_nothing(owner: Client) -> None:
    headers = {"Idempotency-Key": "k"}
    first = await owner.post(BULK, {"domains": [{"domainName": "a.customer.com"}]}, headers=headers)
    again = await owner.post(BULK, {"domains": [{"domainName": "a.customer.com"}]}, headers=headers)
    assert again.json == first.json
    more = {"domains": [{"domainName": "b.customer.com"}, {"domainName": "a.customer.com"}]}
    problem(await owner.post(BULK, more, headers=headers), 409, "idempotency_key_reused")
    names = {"domainNames": ["a.customer.com"]}
    problem(await owner.post(DELETE, names, headers=headers), 409, "idempotency_key_reused")
    assert len((await owner.get("/api/domains")).json["domains"]) == 1


@pytest.mark.parametrize("key", ["a b", "x" * 256, "ü"])
async def test_a_key_that_cannot_be_one_is_refused(owner: Client, key: str) -> None:
    answer = await owner.post(BULK, {"domains": []}, headers={"Idempotency-Key": key})
    problem(answer, 400, "invalid_input", field="Idempotency-Key")


async def test_a_dry_run_adds_nothing(owner: Client) -> None:
    whole = await owner.post(BULK, {"domains": [{"domainName": "a.customer.com"}], "dryRun": True})
    assert whole.json["summary"]["wouldCreate"] == 1
    assert whole.json["results"][0]["domain"] is None
    streamed = await owner.post(f"{BULK}?dryRun=true", data=_body("a.customer.com"), headers=LINES)
    assert _outcomes(_results(streamed)) == ["would_create"]
    assert (await owner.get("/api/domains")).json["domains"] == []
    problem(await owner.post(f"{BULK}?dryRun=yes", data=b"", headers=LINES), 400, "invalid_input", field="dryRun")


async def test_many_domains_are_removed_by_one_call(owner: Client, stranger: Client) -> None:
    added = (await owner.post(BULK, {"domains": [{"domainName": f"{name}.customer.com"} for name in "abc"]})).json
    a, b, c = (result["domain"]["id"] for result in added["results"])
    answer = await owner.post(DELETE, {"domainIds": [a, "dom_x"]})
    assert answer.json["results"][0] == {
        "line": 1,
        "domainId": a,
        "domainName": "a.customer.com",
        "outcome": "removed",
        "recordsToRemove": [left("a", "customer.com", "edge.example.net")],
        "error": None,
    }
    assert answer.json["summary"] == {"removed": 1, "wouldRemove": 0, "refused": 1}
    assert _outcomes((await stranger.post(DELETE, {"domainIds": [b]})).json["results"]) == ["not_found"]
    body = json.dumps({"domainId": b}).encode() + b"\n" + _body("C.customer.com.") + b"{}\n"
    results = _results(await owner.post(DELETE, data=body, headers=LINES))
    assert _outcomes(results) == ["removed", "removed", "invalid_input"]
    assert [result["domainId"] for result in results] == [b, c, None]
    assert (await owner.get("/api/domains")).json["domains"] == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (BULK, {"domains": [{}] * 1001}, "domains"),
        (BULK, {"domains": {}}, "domains"),
        (BULK, {"domains": [], "dryRun": 1}, "dryRun"),
        (DELETE, {}, "domainIds"),
        (DELETE, {"domainIds": [], "domainNames": []}, "domainIds"),
    ],
)
async def test_a_body_that_is_wrong_as_a_whole_is_refused(
    owner: Client, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await owner.post(path, body)
    problem(answer, 400, "invalid_input", field=field)


async def test_a_body_of_another_kind_is_refused(owner: Client) -> None:
    problem(await owner.post(BULK, data=b"x", headers={"Content-Type": "text/csv"}), 415, "unsupported_media_type")
    packed = {**LINES, "Content-Encoding": "gzip"}
    problem(await owner.post(BULK, data=b"x", headers=packed), 415, "unsupported_media_type")


async def test_a_second_stream_of_the_organization_waits_for_the_first(
    app: Api, owner: Client, stranger: Client
) -> None:
    app.services.stream_slots = StreamSlots(timeout_s=0.05)
    going, hold = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield _body("a.customer.com")
        going.set()
        await hold.wait()

    first = asyncio.create_task(owner.post(BULK, data=slowly(), headers=LINES))
    await going.wait()
    while (await owner.get("/api/domains")).json["domains"] == []:
        await asyncio.sleep(0.005)
    problem(await owner.post(BULK, data=_body("b.customer.com"), headers=LINES), 409, "bulk_in_progress")
    assert _outcomes(_results(await stranger.post(BULK, data=_body("c.customer.com"), headers=LINES))) == ["created"]
    hold.set()
    assert _outcomes(_results(await first)) == ["created"]
    assert _outcomes(_results(await owner.post(BULK, data=_body("b.customer.com"), headers=LINES))) == ["created"]


async def test_what_a_client_had_sent_before_it_left_is_done_and_a_repeat_says_so(
    addresses: tuple[int, object], mint: Mint, owner: Client
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
    head = f"POST {BULK} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: 10000\r\n"
    sent = _body("a.customer.com", "b.customer.com")
    token = await mint()
    writer.write(f"{head}Idempotency-Key: k\r\nAuthorization: Bearer {token}\r\n\r\n".encode() + sent)
    async with asyncio.timeout(10):
        while len(found := (await owner.get("/api/domains")).json["domains"]) < 2:
            await asyncio.sleep(0.005)
    writer.close()
    await writer.wait_closed()
    body = sent + _body("c.customer.com")
    headers = {**LINES, "Idempotency-Key": "k"}
    results = _results(await owner.as_bearer(token).post(BULK, data=body, headers=headers))
    assert _outcomes(results) == ["created", "created", "created"]
    assert {result["domain"]["id"] for result in results[:2]} == {domain["id"] for domain in found}


async def test_a_members_token_adds_and_removes_nothing(member: Client) -> None:
    for path in (BULK, DELETE):
        problem(await member.post(path, data=b"", headers=LINES), 403, "forbidden")


async def test_an_operator_adds_many_domains_to_an_organization(
    operator: Client, organization: Organization, context: Context
) -> None:
    path = f"/operator/organizations/{organization.name}/domains/bulk"
    assert _outcomes(_results(await operator.post(path, data=_body("a.customer.com"), headers=LINES))) == ["created"]
    rows = await context.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT actor FROM timeline WHERE org_id = ?", (organization.id,))
    )
    assert rows == [("operator",)]
    problem(await operator.post("/operator/organizations/none/domains/bulk", {"domains": []}), 404, "not_found")


async def test_the_schema_documents_both_kinds_of_body_and_of_answer(anybody: Client) -> None:
    schema = (await anybody.get("/schema/openapi.json")).json
    known = {f"#/components/{kind}/{name}" for kind, parts in schema["components"].items() for name in parts}
    for path, line in ((BULK, "AddedLine"), (DELETE, "RemovedLine")):
        call = schema["paths"][path]["post"]
        kinds = {"application/json", "application/x-ndjson"}
        assert set(call["requestBody"]["content"]) == kinds
        assert set(call["responses"]["200"]["content"]) == kinds
        answered = call["responses"]["200"]["content"]["application/x-ndjson"]["schema"]
        assert answered == {"$ref": f"#/components/schemas/{line}"}
        assert {(each["name"], each["in"]) for each in call["parameters"]} - {("removeRecords", "query")} == {
            ("dryRun", "query"),
            ("Idempotency-Key", "header"),
        }
        assert set(re.findall(r'"(#/components/[^"]+)"', json.dumps(call))) <= known


@pytest.mark.parametrize(
    "body", [{"domainNames": None}, {"domainIds": None}, {"domainIds": ["dom_x"], "domainNames": None}]
)
async def test_null_is_no_list_of_domains_to_remove(owner: Client, body: dict[str, Any]) -> None:
    assert "a list" in problem(await owner.post(DELETE, body), 400, "invalid_input")["detail"]
