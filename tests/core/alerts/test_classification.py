"""Which events are alerts, and for which cause."""

from typing import Any

import pytest

from dcvd.core.alerts.classification import read_alert
from dcvd.core.alerts.groups import Alert
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.events import EventDraft, EventType
from dcvd.core.instants import DAY

DOMAIN = {"domain_id": "dom_1", "domain_name": "a.example", "status": "active", "expires_at": "2027-02-01T00:00:00Z"}
ENDPOINT: dict[str, Any] = {"endpoint_id": "wh_1", "url": "https://hooks.example/s3cret", "error": "refused"}


def draft(event_type: EventType, data: dict[str, Any], expires_at: int | None = None) -> EventDraft:
    return EventDraft(event_type, data, expires_at=expires_at)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            draft(EventType.ENDPOINT_FAILING, {**ENDPOINT, "status_code": 503}),
            Alert(kind=AlertKind.ENDPOINT_FAILING, cause="503", name="wh_1 (hooks.example)", detail="refused"),
        ),
        (
            draft(
                EventType.ENDPOINT_FAILING,
                {
                    **ENDPOINT,
                    "status_code": 503,
                    "refused": {"event_type": "domain.added", "status_code": 422, "answer": "no such tenant"},
                },
            ),
            Alert(
                kind=AlertKind.EVENT_REFUSED,
                cause="domain.added:422",
                name="domain.added by wh_1 (hooks.example)",
                detail="It answers 422: no such tenant",
            ),
        ),
        (
            draft(EventType.ENDPOINT_DISABLED, {**ENDPOINT, "status_code": None, "reason": "exhausted"}),
            Alert(kind=AlertKind.ENDPOINT_DISABLED, cause="", name="wh_1 (hooks.example)", detail="refused"),
        ),
        (draft(EventType.ENDPOINT_DISABLED, {**ENDPOINT, "reason": "manual"}), None),
        (
            draft(EventType.ENDPOINT_RECOVERED, {"endpoint_id": "wh_1", "url": "https://hooks.example/"}),
            Alert(kind=AlertKind.ENDPOINT_RECOVERED, cause="", name="wh_1 (hooks.example)"),
        ),
        (
            draft(EventType.DOMAIN_ERROR, {**DOMAIN, "error": {"code": "moved", "message": "It moved."}}),
            Alert(kind=AlertKind.DOMAIN_BROKEN, cause="moved", name="a.example", detail="It moved."),
        ),
        (
            draft(EventType.DOMAIN_ERROR, {**DOMAIN, "expires_at": None, "error": {"code": "x", "message": ""}}),
            None,
        ),
        (
            draft(EventType.DNS_CHECK_FAILED, {**DOMAIN, "findings": [{"code": "cname_missing", "message": "Gone."}]}),
            Alert(kind=AlertKind.DOMAIN_BROKEN, cause="cname_missing", name="a.example", detail="Gone."),
        ),
        (draft(EventType.DNS_CHECK_FAILED, {**DOMAIN, "status": "pending_cname", "findings": []}), None),
        (
            draft(EventType.DOMAIN_EXPIRING_SOON, {**DOMAIN, "renewal": "overdue"}, 20 * DAY),
            Alert(kind=AlertKind.RENEWAL_OVERDUE, cause="", name="a.example"),
        ),
        (draft(EventType.DOMAIN_EXPIRING_SOON, {**DOMAIN, "renewal": "due"}, 20 * DAY), None),
        (
            draft(EventType.DOMAIN_EXPIRING_SOON, {**DOMAIN, "renewal": "due"}, 7 * DAY),
            Alert(kind=AlertKind.CERTIFICATE_EXPIRING, cause="", name="a.example"),
        ),
        (draft(EventType.DOMAIN_EXPIRING_SOON, {**DOMAIN, "renewal": "not_due"}, DAY), None),
        (
            draft(
                EventType.CONNECTION_REAUTH_REQUIRED,
                {
                    "connection_id": "conn_1",
                    "provider": "godaddy",
                    "account": None,
                    "error": {"code": "reauth_required", "message": "It was revoked."},
                },
            ),
            Alert(
                kind=AlertKind.CONNECTION_CONSENT_NEEDED,
                cause="godaddy:reauth_required",
                name="godaddy conn_1",
                detail="It was revoked.",
            ),
        ),
        (
            draft(
                EventType.JOB_DLQ,
                {
                    "job_id": "job_1",
                    "job_kind": "write_dns",
                    "domain_name": None,
                    "connection_id": None,
                    "error": {"code": "x", "message": None},
                },
            ),
            Alert(kind=AlertKind.JOB_DEAD, cause="write_dns:x", name="job_1"),
        ),
        (draft(EventType.DOMAIN_ACTIVE, DOMAIN), None),
        (draft(EventType.DELIVERY_DLQ, {}), None),
    ],
)
def test_an_event_is_an_alert_or_none(event: EventDraft, expected: Alert | None) -> None:
    assert read_alert(event, 0) == expected
