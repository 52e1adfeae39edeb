"""What holds for every answer, whatever was asked."""

import asyncio
import re

import pytest

from dcvd import __version__
from dcvd.errors import DcvdError, DiskFull, OutcomeUnknown, Permanent, Retryable, StoreError, Unauthorized
from dcvd.http.answers.problems import to_problem
from dcvd.services.context import Context
from tests.api.rights.routes import WITHOUT_TOKEN
from tests.served_app.client import Client, problem
from tests.served_app.fixtures import EventDict, Mint
from tests.served_app.stand_ins import FakeLooker


async def test_health_needs_no_token(anybody: Client) -> None:
    answer = await anybody.get("/health")
    assert answer.status == 200
    assert answer.json == {"status": "ok", "version": __version__}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/health"), ("GET", "/schema"), ("GET", "/nowhere"), ("PUT", "/api/domains"), ("GET", "/api/domains"),
     ("GET", "/api/events"), ("OPTIONS", "/api/domains"), ("HEAD", "/health"), ("GET", "/metrics")],
)  # fmt: skip
async def test_every_answer_is_uncached_unsniffed_and_has_an_id_of_its_own(
    anybody: Client, method: str, path: str
) -> None:
    answers = [await anybody.call(method, path, headers={"X-Request-Id": "chosen-by-client"}) for _ in range(2)]
    for answer in answers:
        assert answer.headers.getall("Cache-Control") == ["no-store"]
        assert answer.headers.getall("X-Content-Type-Options") == ["nosniff"]
        assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-Id"])
    assert answers[0].headers["X-Request-Id"] != answers[1].headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/nowhere", "/api", "/api/nothing", "/%00", "/api/domains/a/b"])
async def test_an_address_that_does_not_exist_is_404_with_and_without_a_token(
    anybody: Client, owner: Client, path: str
) -> None:
    problem(await anybody.get(path), 404, "route_not_found")
    problem(await owner.post(path, {}), 404, "route_not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/domains", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/api/domains/dom_x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/api/domains/dom_x/sync", "OPTIONS, POST"),
        ("GET", "/api/deliveries/retry", "OPTIONS, POST"),
        ("POST", "/api/deliveries/dlv_x", "GET, HEAD, OPTIONS"),
        ("DELETE", "/api/events", "GET, HEAD, OPTIONS"),
        ("GET", "/api/webhooks/wh_x/rotate-secret", "OPTIONS, POST"),
        ("HEAD", "/api/domains/dom_x/sync", "OPTIONS, POST"),
        ("DELETE", "/health", "GET, HEAD, OPTIONS"),
        ("PROPFIND", "/health", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_method_that_an_address_does_not_have_is_405_and_names_those_that_it_has(
    anybody: Client, method: str, path: str, allowed: str
) -> None:
    answer = await anybody.call(method, path)
    assert answer.status == 405
    assert answer.headers["Allow"] == allowed
    if method != "HEAD":
        assert allowed in problem(answer, 405, "method_not_allowed")["detail"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/health", "GET, HEAD, OPTIONS"),
        ("/api/domains", "GET, HEAD, OPTIONS, POST"),
        ("/api/webhooks/wh_x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
    ],
)
async def test_options_names_the_methods_without_a_token(anybody: Client, path: str, allowed: str) -> None:
    answer = await anybody.call("OPTIONS", path)
    assert answer.status == 204
    assert answer.headers["Allow"] == allowed
    assert answer.body == b""


async def test_head_answers_as_get_without_the_body(owner: Client, anybody: Client) -> None:
    got, headed = await owner.get("/api/domains"), await owner.call("HEAD", "/api/domains")
    assert headed.status == 200
    assert headed.body == b""
    assert headed.headers["Content-Length"] == got.headers["Content-Length"] == str(len(got.body))
    assert (await anybody.call("HEAD", "/api/domains")).status == 401


async def test_there_are_no_pages_beside_the_schema(anybody: Client) -> None:
    for page in ("swagger", "redoc", "openapi.yaml"):
        problem(await anybody.get(f"/schema/{page}"), 404, "route_not_found")


async def test_the_schema_is_served_as_json(anybody: Client) -> None:
    answer = await anybody.get("/schema/openapi.json")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json["openapi"].startswith("3.1")
    assert answer.json["servers"] == [{"url": "https://dcv.example.net"}]


async def test_the_schema_documents_every_call_of_a_tenant_and_none_of_an_operator(anybody: Client) -> None:
    schema = (await anybody.get("/schema/openapi.json")).json
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    calls = {
        f"{method.upper()} {path}": call
        for path, methods in schema["paths"].items()
        for method, call in methods.items()
    }
    assert set(calls) == {
        "GET /health", "GET /ready",
        "GET /api/links", "POST /api/links", "GET /api/links/{link_id}", "DELETE /api/links/{link_id}",
        "POST /api/domains/{domain_id}/links",
        "GET /api/organization/branding", "PATCH /api/organization/branding",
        "GET /api/members", "POST /api/members", "GET /api/members/{member_id}", "PATCH /api/members/{member_id}",
        "DELETE /api/members/{member_id}", "POST /api/members/{member_id}/invite", "POST /api/members/accept",
        "GET /api/alerts/contacts", "POST /api/alerts/contacts", "GET /api/alerts/contacts/{contact_id}",
        "PATCH /api/alerts/contacts/{contact_id}", "DELETE /api/alerts/contacts/{contact_id}",
        "POST /api/alerts/contacts/{contact_id}/confirmation",
        "GET /api/audit",
        "GET /api/tokens", "POST /api/tokens", "GET /api/tokens/{token_id}", "PATCH /api/tokens/{token_id}",
        "DELETE /api/tokens/{token_id}", "POST /api/tokens/{token_id}/rotate", "GET /api/tokens/{token_id}/usage",
        "POST /api/tokens/revoke-all", "GET /api/whoami",
        "GET /api/sessions", "DELETE /api/sessions",
        "GET /api/sessions/{session_id}", "DELETE /api/sessions/{session_id}",
        "GET /api/domains", "POST /api/domains", "GET /api/domains/{domain_id}", "DELETE /api/domains/{domain_id}",
        "PATCH /api/domains/{domain_id}",
        "POST /api/domains/{domain_id}/sync", "GET /api/domains/{domain_id}/timeline",
        "POST /api/domains/{domain_id}/domain-connect",
        "GET /api/domains/{domain_id}/diagnosis", "POST /api/diagnose",
        "POST /api/domains/bulk", "POST /api/domains/bulk/delete", "GET /api/domains.csv",
        "GET /api/webhooks", "POST /api/webhooks", "GET /api/webhooks/{webhook_id}",
        "PATCH /api/webhooks/{webhook_id}", "DELETE /api/webhooks/{webhook_id}",
        "POST /api/webhooks/{webhook_id}/rotate-secret", "GET /api/webhooks/{webhook_id}/deliveries",
        "POST /api/webhooks/{webhook_id}/replay", "POST /api/webhooks/{webhook_id}/test",
        "POST /api/webhooks/{webhook_id}/conformance",
        "GET /api/deliveries", "GET /api/deliveries/{delivery_id}", "POST /api/deliveries/{delivery_id}/retry",
        "POST /api/deliveries/{delivery_id}/cancel",
        "POST /api/deliveries/retry", "GET /api/deliveries/{delivery_id}/explain", "GET /api/events",
        "GET /api/event-schemas", "GET /api/event-schemas/{event_type}", "GET /api/meta",
        "POST /api/domains/{domain_id}/dns", "POST /api/domains/{domain_id}/dns/undo",
        "POST /api/oauth/authorize", "POST /api/oauth/exchange", "POST /api/oauth/aws/external-ids",
        "GET /api/oauth/connections", "POST /api/oauth/connections",
        "GET /api/oauth/connections/{connection_id}", "DELETE /api/oauth/connections/{connection_id}",
        "GET /api/zones", "POST /api/zones", "GET /api/zones/{zone_id}", "DELETE /api/zones/{zone_id}",
        "POST /api/zones/{zone_id}/check",
        "GET /api/jobs", "GET /api/jobs/{job_id}", "POST /api/jobs/{job_id}/retry",
    }  # fmt: skip
    without_body = {"POST /api/links", "POST /api/oauth/aws/external-ids", "POST /api/tokens/revoke-all"}
    for name, call in calls.items():
        assert call["summary"], name
        assert call["description"], name
        if name not in ("GET /health", "GET /ready", *WITHOUT_TOKEN):
            assert call["security"] == [{"bearer": []}], name
            assert call["responses"]["401"] == {"$ref": "#/components/responses/Problem401"}, name
        if name.startswith("POST") and "{" not in name:
            assert call["requestBody"]["required"] is (name not in without_body), name
    assert calls["POST /api/webhooks/{webhook_id}/rotate-secret"]["requestBody"]["required"] is False
    assert "/operator" not in str(schema["paths"])


async def test_what_nobody_foresaw_is_a_500_that_says_only_where_to_look(
    owner: Client, looker: FakeLooker, log_lines: list[EventDict]
) -> None:
    looker.raises = RuntimeError("the secret of the house")
    added = (await owner.post("/api/domains", {"domainName": "app.customer.com"})).json["domain"]["id"]
    answer = await owner.post(f"/api/domains/{added}/sync")
    found = problem(answer, 500, "internal_error")
    assert b"secret of the house" not in answer.body
    assert found["requestId"] == answer.headers["X-Request-Id"]
    assert found["requestId"] in found["detail"]
    line = next(line for line in log_lines if line["event"] == "api.request_failed")
    assert line["log_level"] == "error"
    assert line["request_id"] == found["requestId"]
    assert line["exc_info"] is looker.raises


@pytest.mark.parametrize(
    ("error", "status", "code", "said", "wait"),
    [
        (DiskFull("The disk is full."), 503, "disk_full", "The disk is full.", "30"),
        (StoreError("table domains: no such column"), 503, "store_failed", "nothing was changed", "5"),
        (OutcomeUnknown("Nobody can tell."), 503, "outcome_unknown", "Nobody can tell.", "5"),
        (DcvdError("a sentence for us", code="inner"), 500, "internal_error", "Something failed inside dcvd", None),
    ],
)
async def test_each_failure_of_ours_has_its_status_and_code(
    owner: Client, looker: FakeLooker, error: DcvdError, status: int, code: str, said: str, wait: str | None
) -> None:
    looker.raises = error
    added = (await owner.post("/api/domains", {"domainName": "app.customer.com"})).json["domain"]["id"]
    answer = await owner.post(f"/api/domains/{added}/sync")
    found = problem(answer, status, code)
    assert said in found["detail"]
    assert answer.headers.get("Retry-After") == wait
    assert "no such column" not in found["detail"]


@pytest.mark.parametrize(
    ("error", "status", "wait"),
    [
        (Permanent("Cloudflare refuses."), 502, None),
        (Unauthorized("Cloudflare refuses the token."), 502, None),
        (Retryable("Cloudflare does not answer."), 503, "5"),
        (Retryable("Cloudflare does not answer.", retry_after_s=0.2), 503, "1"),
        (Retryable("Cloudflare does not answer.", retry_after_s=29.5), 503, "30"),
    ],
)
def test_a_failure_of_somebody_elses_service_is_not_the_callers(
    error: DcvdError, status: int, wait: str | None
) -> None:
    refused = to_problem(error, "0123456789abcdef")
    assert (refused.problem.status, refused.problem.code) == (status, error.code)
    assert refused.headers.get("Retry-After") == wait


async def test_a_full_disk_is_503_and_nothing_was_stored(owner: Client, context: Context) -> None:
    pages = await context.database.read(lambda snapshot: snapshot.fetch_one("PRAGMA page_count"))
    assert pages is not None
    await context.database.maintain(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages[0]}"))
    answers = [await owner.post("/api/domains", {"domainName": f"app{n}.customer.com"}) for n in range(120)]
    refused = [answer for answer in answers if answer.status != 201]
    for answer in refused:
        problem(answer, 503, "disk_full")
    stored = (await owner.get("/api/domains")).json["domains"]
    assert refused
    assert len(stored) == len(answers) - len(refused)


async def test_a_request_is_logged_with_who_asked_and_never_with_what_was_in_a_header(
    anybody: Client, mint: Mint, log_lines: list[EventDict]
) -> None:
    plain = await mint()
    await anybody.as_bearer(plain).get("/api/domains/dom_x", headers={"X-Other": "told-in-confidence"})
    await anybody.get("/nowhere")
    known, unknown = [line for line in log_lines if line["event"] == "api.request"]
    assert known["log_level"] == "debug"
    assert known["method"] == "GET"
    assert known["path"] == "/api/domains/{domain_id}"
    assert known["status"] == 404
    assert known["ms"] >= 0
    assert known["org_id"].startswith("org_")
    assert known["caller"].startswith("token:token_")
    assert (unknown["status"], unknown["path"], unknown["org_id"]) == (404, None, None)
    assert plain not in str(log_lines)
    assert "told-in-confidence" not in str(log_lines)


async def test_a_client_that_leaves_in_the_middle_of_a_body_is_no_error_of_ours(
    addresses: tuple[int, object], mint: Mint, log_lines: list[EventDict]
) -> None:
    plain = await mint()
    _, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
    writer.write(
        b"POST /api/domains HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
        b"Authorization: Bearer " + plain.encode() + b'\r\n\r\n{"domain'
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with asyncio.timeout(10):
        while not any(line["event"] == "api.request" for line in log_lines):
            await asyncio.sleep(0.005)
    assert not [line for line in log_lines if line["log_level"] in ("warning", "error")]
