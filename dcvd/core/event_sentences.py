"""What an event says, as a sentence for people."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from dcvd.core.events import Event
from dcvd.core.job_kinds import name_job
from dcvd.core.sentences.sentence import Sentence, say
from dcvd.core.webhooks.subscriptions import TENANT_TYPES

_DECODER: Final = msgspec.json.Decoder(dict[str, Any])


def describe_event(event: Event) -> Sentence:
    """Return the sentence for an event; members that old events lack leave no gap in it."""
    data = read_data(event.body)
    if event.type not in TENANT_TYPES:
        return say("event_other", type=event.type.value)
    job, domain_name = str(data.get("job_kind", "")), data.get("domain_name")
    suffix = "_alone" if job and domain_name is None else ""
    return say(
        f"event_{event.type.replace('.', '_')}{suffix}",
        hostname=_read(data, "domain_name", "domain_id"),
        job=name_job(job),
        type=_read(data, "event_type"),
        endpoint=_read(data, "endpoint_name", "url", "endpoint_id"),
        provider=_read(data, "provider", "connection_id"),
    )


def find_reason(event: Event) -> str | None:
    """Return the text in which an event says what is wrong, in English; None where nothing is, or it says nothing."""
    data = read_data(event.body)
    match data:
        case {"error": {"message": str(message)}} | {"error": str(message)}:
            return message
        case {"findings": [{"message": str(message)}, *_]}:
            return message
        case _:
            return None


def read_data(body: bytes) -> Mapping[str, Any]:
    """Return the `data` of an event's body."""
    data: dict[str, Any] = _DECODER.decode(body)["data"]
    return data


def _read(data: Mapping[str, Any], *names: str) -> str:
    return next((str(data[name]) for name in names if data.get(name) is not None), "–")
