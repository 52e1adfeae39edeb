"""The catalogue of events, and the bytes of an event's body."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.events import EventDraft, EventType, build_body
from dcvd.core.instants import from_rfc3339
from tests.core.event_data import event_data


def test_the_catalogue_is_closed() -> None:
    assert [kind.value for kind in EventType] == [
        "domain.added", "domain.dormant", "domain.removed", "dns.verified", "dns.check_failed", "domain.active",
        "domain.renewed", "domain.expiring_soon", "domain.error", "job.failed", "job.dlq", "delivery.dlq",
        "endpoint.failing", "endpoint.recovered", "endpoint.disabled", "connection.reauth_required",
        "system.cloudflare_refused", "system.quota_low", "system.backup_late", "system.disk_low", "system.clock_wrong",
        "webhook.test",
    ]  # fmt: skip


def test_a_body_is_exactly_the_documented_bytes() -> None:
    data = {
        "domain_id": "dom_1",
        "domain_name": "app.customer.com",
        "status": "active",
        "expires_at": "2026-04-15T10:30:00Z",
    }
    body = build_body(
        EventDraft(EventType.DOMAIN_ACTIVE, data),
        event_id="evt_1",
        sequence=41,
        now=from_rfc3339("2026-01-15T10:30:00.987Z"),
    )
    assert body == (
        b'{"event":"domain.active","timestamp":"2026-01-15T10:30:00Z","data":{"domain_id":"dom_1",'
        b'"domain_name":"app.customer.com","status":"active","expires_at":"2026-04-15T10:30:00Z"},'
        b'"id":"evt_1","sequence":41}'
    )


@given(event_data(), st.sampled_from(EventType), st.integers(1, 2**53 - 1))
def test_any_data_comes_back_as_it_went_in(data: dict[str, object], kind: EventType, sequence: int) -> None:
    draft = EventDraft(kind, data)
    body = build_body(draft, event_id="evt_1", sequence=sequence, now=0)
    assert json.loads(body) == {
        "event": kind.value, "timestamp": "1970-01-01T00:00:00Z", "data": data, "id": "evt_1", "sequence": sequence,
    }  # fmt: skip


@given(event_data())
def test_the_same_draft_gives_the_same_bytes_again_also_through_json(data: dict[str, object]) -> None:
    draft = EventDraft(EventType.WEBHOOK_TEST, data)
    again = EventDraft(EventType.WEBHOOK_TEST, msgspec.json.decode(msgspec.json.encode(data)))
    bodies = {build_body(each, event_id="evt_1", sequence=1, now=5) for each in (draft, draft, again)}
    assert len(bodies) == 1


@given(event_data())
def test_a_body_is_what_python_writes_compactly(data: dict[str, object]) -> None:
    body = build_body(EventDraft(EventType.WEBHOOK_TEST, data), event_id="evt_1", sequence=1, now=0)
    assert json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode() == body
