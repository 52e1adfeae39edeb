"""Anything thrown at any route is answered with a 4xx problem, and changes nothing."""

import json
import sqlite3
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from dcvd.core.domains.domain import DomainStatus
from dcvd.core.jobs import JobState
from dcvd.core.tokens.token import Role
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Row
from dcvd.store.organizations.organizations import Organization
from tests.examples import examples
from tests.served_app.client import Answer, Client

fuzzed = examples(2, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


# With lone surrogates, NUL and all that JSON can escape.
texts: Final = st.text(st.characters(), max_size=30)
scalars: Final = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | texts
    | st.integers().map(lambda n: n * 10**40)
)
values: Final = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
)
bytes_of_any_kind: Final = (
    st.binary(max_size=60)
    | values.map(lambda value: json.dumps(value).encode())
    | st.sampled_from([b"[" * 2000, b'{"a":' * 800, b"\xef\xbb\xbf{}", b"{}" + b" " * 5000, b"{", b"\x00", b"1e999"])
)


def not_text(value: Any) -> bool:
    return not isinstance(value, str)


def no_hostname(value: Any) -> bool:
    return not isinstance(value, str) or not any(dot in value for dot in ".。．｡")


def no_flag(value: Any) -> bool:
    return not isinstance(value, bool)


def no_list(value: Any) -> bool:
    return not isinstance(value, list)


def no_rate(value: Any) -> bool:
    return isinstance(value, bool) or (value is not None and value not in range(1, 1001))


def no_text_or_null(value: Any) -> bool:
    return value is not None and not_text(value)


def no_timeout(value: Any) -> bool:
    return isinstance(value, bool) or (value is not None and value not in range(1, 31))


def no_grace(value: Any) -> bool:
    return isinstance(value, bool) or value not in range(604_801)


def no_headers(value: Any) -> bool:
    """Also not by luck: a header's name may be nearly anything."""
    return not isinstance(value, dict) or any(not_text(inner) for inner in value.values())


def no_header_changes(value: Any) -> bool:
    """Null takes out a header, and null in place of them all takes out every one."""
    return value is not None and (
        not isinstance(value, dict) or any(inner is not None and not_text(inner) for inner in value.values())
    )


BAD_MEMBERS: Final = st.one_of(
    st.tuples(st.just("/api/tokens"), st.just("name"), values.filter(not_text)),
    st.tuples(st.just("/api/tokens"), st.just("role"), values.filter(lambda value: value not in list(Role))),
    st.tuples(st.just("/api/tokens"), st.just("expiresAt"), values.filter(lambda value: value is not None)),
    st.tuples(st.just("/api/domains"), st.just("domainName"), values.filter(no_hostname)),
    st.tuples(st.just("/api/domains"), st.just("validation"), values.filter(lambda value: value is not None)),
    st.tuples(st.just("/api/domains"), st.just("wildcard"), values.filter(no_flag)),
    st.tuples(st.just("/api/domains/bulk"), st.just("domains"), values.filter(no_list)),
    st.tuples(st.just("/api/domains/bulk"), st.just("dryRun"), values.filter(no_flag)),
    st.tuples(st.just("/api/domains/bulk/delete"), st.just("domainIds"), values.filter(no_list)),
    st.tuples(st.just("/api/domains/bulk/delete"), st.just("dryRun"), values.filter(no_flag)),
    st.tuples(st.just("/api/diagnose"), st.just("domainName"), values.filter(not_text)),
    st.tuples(st.just("/api/diagnose"), st.just("wildcard"), values.filter(no_flag)),
    st.tuples(st.just("/api/diagnose"), st.just("validation"), values.filter(lambda value: value is not None)),
    st.tuples(st.just("/api/webhooks"), st.just("name"), values.filter(no_text_or_null)),
    st.tuples(st.just("/api/webhooks/{webhook}"), st.just("name"), values.filter(no_text_or_null)),
    st.tuples(st.just("/api/webhooks"), st.just("timeoutSeconds"), values.filter(no_timeout)),
    st.tuples(st.just("/api/webhooks/{webhook}"), st.just("timeoutSeconds"), values.filter(no_timeout)),
    st.tuples(st.just("/api/webhooks"), st.just("retrySchedule"), values.filter(lambda value: value is not None)),
    st.tuples(
        st.just("/api/webhooks/{webhook}"), st.just("retrySchedule"), values.filter(lambda value: value is not None)
    ),
    st.tuples(st.just("/api/webhooks"), st.just("url"), values),
    st.tuples(st.just("/api/webhooks"), st.just("events"), values),
    st.tuples(st.just("/api/webhooks/{webhook}"), st.just("url"), values),
    st.tuples(st.just("/api/webhooks/{webhook}"), st.just("events"), values),
    st.tuples(st.just("/api/webhooks/{webhook}"), st.just("enabled"), values.filter(no_flag)),
    st.tuples(st.just("/api/webhooks"), st.just("maxPerSecond"), values.filter(no_rate)),
    st.tuples(st.just("/api/webhooks"), st.just("ordering"), values),
    st.tuples(st.just("/api/webhooks/{webhook}"), st.just("ordering"), values),
    st.tuples(st.just("/api/webhooks"), st.just("headers"), values.filter(no_headers)),
    st.tuples(st.just("/api/webhooks/{webhook}"), st.just("maxPerSecond"), values.filter(no_rate)),
    st.tuples(st.just("/api/webhooks/{webhook}"), st.just("headers"), values.filter(no_header_changes)),
    st.tuples(st.just("/api/webhooks/{webhook}"), st.just("replay"), values.filter(lambda value: value != "held")),
    st.tuples(st.just("/api/webhooks/{webhook}/rotate-secret"), st.just("graceSeconds"), values.filter(no_grace)),
    st.tuples(st.just("/api/webhooks/{webhook}/replay"), st.just("since"), values),
    st.tuples(st.just("/api/webhooks/{webhook}/replay"), st.just("until"), values),
    st.tuples(st.just("/api/webhooks/{webhook}/replay"), st.just("events"), values),
    st.tuples(st.just("/api/webhooks/{webhook}/replay"), st.just("status"), values),
    st.tuples(st.just("/api/webhooks/{webhook}/replay"), st.just("dryRun"), values.filter(no_flag)),
    st.tuples(st.just("/api/deliveries/retry"), st.just("status"), values),
    st.tuples(st.just("/api/deliveries/retry"), st.just("webhookId"), values.filter(not_text)),
    st.tuples(st.just("/api/oauth/connections"), st.just("provider"), values),
    st.tuples(st.just("/api/oauth/connections"), st.just("credentials"), values),
    st.tuples(st.just("/operator/organizations"), st.just("name"), values.filter(not_text)),
    st.tuples(st.just("/operator/organizations/acme/tokens"), st.just("name"), values.filter(not_text)),
)
VALID: Final[dict[str, dict[str, Any]]] = {
    "/api/tokens": {"name": "x"},
    "/api/domains": {"domainName": "new.customer.com"},
    "/api/domains/bulk": {"domains": [{"domainName": "new.customer.com"}]},
    "/api/domains/bulk/delete": {"domainIds": ["dom_x"]},
    "/api/diagnose": {"domainName": "new.customer.com"},
    "/api/webhooks": {"url": "https://hooks.customer.com/", "events": ["domain.active"]},
    "/api/webhooks/{webhook}": {},
    "/api/webhooks/{webhook}/rotate-secret": {},
    "/api/webhooks/{webhook}/replay": {"since": "2027-01-15T08:00:00Z", "status": "all", "dryRun": True},
    "/api/deliveries/retry": {"status": "dead"},
    "/api/oauth/connections": {"provider": "cloudflare", "credentials": {"apiToken": ""}},
    "/operator/organizations": {"name": "new"},
    "/operator/organizations/acme/tokens": {"name": "x"},
}
ALL_OPTIONAL: Final = {"/api/webhooks/{webhook}", "/api/webhooks/{webhook}/rotate-secret"}
PARAMETERS: Final = {
    "/api/tokens": ["limit", "cursor"],
    "/api/webhooks": ["limit", "cursor"],
    "/api/domains": ["limit", "cursor", "status", "search"],
    "/api/jobs": ["limit", "cursor", "status"],
    "/api/deliveries": ["limit", "cursor", "status", "event", "domainId", "webhookId", "since", "until"],
    "/api/events": ["limit", "after", "types"],
}
PARAMETER_VALUES: Final = (
    st.binary(max_size=30)
    | st.sampled_from([*(status.encode() for status in DomainStatus), *(state.encode() for state in JobState)])
    | st.integers().map(lambda number: str(number).encode())
)
ROUTES: Final = [
    "/api/tokens", "/api/tokens/{}", "/api/domains", "/api/domains/{}", "/api/domains/{}/sync", "/api/domains/bulk",
    "/api/domains/bulk/delete", "/api/domains.csv", "/api/webhooks",
    "/api/domains/{}/timeline", "/api/domains/{}/diagnosis", "/api/diagnose", "/hooks/cloudflare", "/hooks/{}",
    "/api/webhooks/{}", "/api/webhooks/{}/rotate-secret", "/api/webhooks/{}/deliveries", "/api/webhooks/{}/replay",
    "/api/webhooks/{}/test", "/api/webhooks/{}/conformance", "/api/deliveries", "/api/deliveries/retry",
    "/api/deliveries/{}", "/api/deliveries/{}/retry", "/api/deliveries/{}/cancel",
    "/api/deliveries/{}/explain", "/api/events", "/api/jobs",
    "/api/jobs/{}", "/api/jobs/{}/retry", "/api/oauth/connections", "/api/oauth/connections/{}",
    "/operator/organizations", "/operator/organizations/{}/tokens",
    "/operator/organizations/acme/tokens/{}", "/metrics", "/health", "/schema", "/schema/{}", "/{}",
]  # fmt: skip
METHODS: Final = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]


class House:
    """One caller with every right, some things to break, and a look at all that is stored."""

    def __init__(self, client: Client, webhook: str, context: Context) -> None:
        self.client = client
        self.webhook = webhook
        self._context = context

    async def contents(self) -> dict[str, list[Row]]:
        """Every row of every table."""

        def everything(connection: sqlite3.Connection) -> dict[str, list[Row]]:
            names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}

        return await self._context.database.maintain(everything)


@pytest.fixture
async def house(operator: Client, owner: Client, context: Context, organization: Organization) -> House:
    await owner.post("/api/domains", {"domainName": "app.customer.com"})
    webhook = (await owner.post("/api/webhooks", VALID["/api/webhooks"])).json["webhook"]["id"]
    # Over the unix socket the one caller reaches tenants' and operators' calls alike.
    return House(operator.as_bearer(owner.token), webhook, context)


def assert_refused(answer: Answer) -> None:
    assert 400 <= answer.status < 500, (answer.status, answer.body)
    assert answer.headers["Content-Type"] == "application/problem+json"
    found = answer.json
    assert found["status"] == answer.status
    assert found["code"]
    assert found["detail"]
    assert "Traceback" not in found["detail"]


@fuzzed
@given(bad=BAD_MEMBERS)
async def test_one_wrong_member_in_an_otherwise_right_body(house: House, bad: tuple[str, str, Any]) -> None:
    template, name, value = bad
    before = await house.contents()
    body = json.dumps(VALID[template] | {name: value}).encode()
    method = "PATCH" if template.endswith("{webhook}") else "POST"
    answer = await house.client.call(method, template.format(webhook=house.webhook), data=body)
    assert_refused(answer)
    if answer.json["code"] != "malformed_json":
        [error] = answer.json["errors"]
        assert error["field"].startswith(name)
    assert await house.contents() == before


@fuzzed
@given(
    template=st.sampled_from(sorted(set(VALID) - ALL_OPTIONAL)),
    body=bytes_of_any_kind,
    content_type=st.sampled_from(["application/json", "application/json; charset=utf-8", "text/plain", "a/b;;=", ""]),
)
async def test_any_body_of_any_type(house: House, template: str, body: bytes, content_type: str) -> None:
    before = await house.contents()
    path = template.format(webhook=house.webhook)
    assert_refused(await house.client.post(path, data=body, headers={"Content-Type": content_type}))
    assert await house.contents() == before


@fuzzed
@given(
    method=st.sampled_from(METHODS),
    route=st.sampled_from(ROUTES),
    segment=st.binary(min_size=1, max_size=20) | st.sampled_from([b"..", b".", b"acme", b"dom_", b"\x00", b"%", b"{}"]),
    body=st.none() | bytes_of_any_kind,
)
async def test_any_method_at_any_address(
    house: House, method: str, route: str, segment: bytes, body: bytes | None
) -> None:
    if body is not None and body.strip().startswith(b"{") and method in ("POST", "PATCH"):
        body = b"[" + body
    before = await house.contents()
    answer = await house.client.call(method, route.format(quote(segment, safe="")), data=body)
    if answer.status >= 400 and method != "HEAD":
        assert_refused(answer)
    assert answer.status < 500
    if method not in ("GET", "HEAD", "OPTIONS"):
        assert answer.status >= 400
    assert await house.contents() == before


@fuzzed
@given(
    query=st.sampled_from(sorted(PARAMETERS)).flatmap(
        lambda path: st.tuples(
            st.just(path), st.dictionaries(st.sampled_from(PARAMETERS[path]), PARAMETER_VALUES, max_size=4)
        )
    ),
    tail=st.sampled_from(["", "&", "&=", "&&limit", "&x;limit=1", "&%", "&%zz=%", "&limit=1&limit=x"]),
)
async def test_any_query(house: House, query: tuple[str, dict[str, bytes]], tail: str) -> None:
    path, parameters = query
    text = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    answer = await house.client.get(f"{path}?{text}{tail}")
    if answer.status == 404:
        assert "webhookId" in parameters
    elif answer.status != 200:
        assert_refused(answer)
        [error] = answer.json["errors"]
        assert (error["field"] in PARAMETERS[path]) is (answer.json["code"] != "unknown_field")


@fuzzed
@given(value=st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=80))
async def test_any_authorization(house: House, value: str) -> None:
    for header in (value, f"Bearer {value}", f"Bearer dcv_live_{value}"):
        answer = await house.client.get("/api/domains", headers={"Authorization": header})
        assert_refused(answer)
        assert answer.status == 401
