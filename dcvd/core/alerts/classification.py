"""Which events are alerts: the one place where it is decided, from the event alone."""

from typing import Final
from urllib.parse import urlsplit

from dcvd.core.alerts.groups import Alert
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.events import EventData, EventDraft, EventType
from dcvd.core.instants import DAY

_SHORT_MS: Final = 7 * DAY


def read_alert(draft: EventDraft, now: int) -> Alert | None:
    """Return the alert that an event is; None for an event of which nobody has to be told by mail."""
    data = draft.data
    match draft.type:
        case EventType.ENDPOINT_FAILING if data.get("refused") is not None:
            return _build_refusal_alert(data)
        case EventType.ENDPOINT_FAILING:
            return _build_endpoint_alert(AlertKind.ENDPOINT_FAILING, data)
        case EventType.ENDPOINT_DISABLED:
            # Whoever disables an endpoint knows it.
            is_manual = data["reason"] == "manual"
            return None if is_manual else _build_endpoint_alert(AlertKind.ENDPOINT_DISABLED, data)
        case EventType.ENDPOINT_RECOVERED:
            return _build_endpoint_alert(AlertKind.ENDPOINT_RECOVERED, data)
        case EventType.DOMAIN_ERROR:
            return _build_error_alert(data)
        case EventType.DNS_CHECK_FAILED:
            return _build_dns_alert(data)
        case EventType.DOMAIN_EXPIRING_SOON:
            return _build_expiry_alert(draft, now)
        case EventType.CONNECTION_REAUTH_REQUIRED:
            return Alert(
                kind=AlertKind.CONNECTION_CONSENT_NEEDED,
                cause=f"{data['provider']}:{data['error']['code']}",
                name=f"{data['provider']} {data['account'] or data['connection_id']}",
                detail=data["error"]["message"],
            )
        case EventType.JOB_DLQ:
            return Alert(
                kind=AlertKind.JOB_DEAD,
                cause=f"{data['job_kind']}:{data['error']['code']}",
                name=data["domain_name"] or data["connection_id"] or data["job_id"],
                detail=data["error"]["message"] or "",
            )
        case _:
            return None


def _build_endpoint_alert(kind: AlertKind, data: EventData) -> Alert:
    status = data.get("status_code")
    cause = "" if status is None else str(status)
    return Alert(kind=kind, cause=cause, name=_name_endpoint(data), detail=data.get("error") or "")


def _build_refusal_alert(data: EventData) -> Alert:
    refused = data["refused"]
    return Alert(
        kind=AlertKind.EVENT_REFUSED,
        cause=f"{refused['event_type']}:{refused['status_code']}",
        name=f"{refused['event_type']} by {_name_endpoint(data)}",
        detail=f"It answers {refused['status_code']}: {refused['answer']}",
    )


def _name_endpoint(data: EventData) -> str:
    """Name the host alone: what stands behind it in the URL is often a secret."""
    return f"{data['endpoint_id']} ({urlsplit(data['url']).hostname or ''})"


def _build_error_alert(data: EventData) -> Alert | None:
    """A domain that never had a certificate was never active: its customer is still at work on it."""
    if data["expires_at"] is None:
        return None
    error = data["error"]
    return Alert(
        kind=AlertKind.DOMAIN_BROKEN, cause=error["code"], name=data["domain_name"], detail=error["message"] or ""
    )


def _build_dns_alert(data: EventData) -> Alert | None:
    if data["status"] != "active":
        return None
    finding = next(iter(data["findings"]), None)
    code, message = ("dns", "") if finding is None else (finding["code"], finding["message"])
    return Alert(kind=AlertKind.DOMAIN_BROKEN, cause=code, name=data["domain_name"], detail=message)


def _build_expiry_alert(draft: EventDraft, now: int) -> Alert | None:
    """A warning while the renewal is on its way and there is time is no alert: certificates renew themselves."""
    name, renewal = draft.data["domain_name"], draft.data["renewal"]
    if renewal == "overdue":
        return Alert(kind=AlertKind.RENEWAL_OVERDUE, cause="", name=name)
    if renewal == "due" and draft.expires_at is not None and draft.expires_at - now <= _SHORT_MS:
        return Alert(kind=AlertKind.CERTIFICATE_EXPIRING, cause="", name=name)
    return None
