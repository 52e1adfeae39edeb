"""The body of each type of event, for receivers: the `webhooks` of the OpenAPI document."""

import re
from typing import Any, Final

from dcvd.core.event_schemas.data import EVENT_DATA
from dcvd.core.event_schemas.documents import build_body_schema
from dcvd.core.events import EventType
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.http.documentation import REF_TEMPLATE

_HEADERS: Final = {
    "webhook-id": "The event's id. A repeat carries the same.",
    "webhook-timestamp": "When this attempt was signed, in seconds since the epoch.",
    "webhook-signature": "`v1,` and the base64 of the HMAC-SHA256, once for each valid secret (Standard Webhooks).",
    "X-DCVaaS-Event": "The type of the event.",
    "X-DCVaaS-Signature": "The hex HMAC-SHA256 of the body, keyed with the secret as text.",
}


def build_webhooks() -> dict[str, Any]:
    """Build the `webhooks` of the document: one for each type of event that a tenant gets."""
    return {event_type.value: {"post": _build_operation(event_type)} for event_type in TENANT_TYPES}


def _build_operation(event_type: EventType) -> dict[str, Any]:
    summary, _ = EVENT_DATA[event_type]
    words = re.split(r"[._]", event_type.value)
    return {
        "operationId": "receive" + "".join(word.capitalize() for word in words),
        "summary": summary,
        "description": "It is sent until an endpoint answers 2xx or 410, or the retry schedule ends.",
        "tags": ["Webhooks"],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for name, text in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": build_body_schema(event_type, REF_TEMPLATE)}},
        },
        "responses": {
            "2XX": {"description": "It was received."},
            "410": {"description": "The endpoint is disabled, and gets nothing more."},
            "default": {"description": "It is tried again."},
        },
    }
