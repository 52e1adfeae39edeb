"""What dcvd sends to the receivers of docs/webhooks.md, and what it does not."""

import os
import time
from collections.abc import Mapping, Sequence
from typing import Final

import aiohttp

from dcvd.core.events import EventDraft, EventType, build_body
from dcvd.core.ids import IdPrefix, new_id
from dcvd.core.secret import Secret
from dcvd.core.webhooks.signing import build_headers, new_secret
from tests.docs.receivers import RunningReceiver
from tests.waiting import until

OLD: Final = new_secret(os.urandom)
NEW: Final = new_secret(os.urandom)


def event(text: str = "bücher.example \U0001f600 </script> \u2028") -> tuple[str, bytes]:
    """An event's id and the bytes that are sent, with what other JSON libraries would write in another way."""
    now = time.time_ns() // 1_000_000
    event_id = new_id(IdPrefix.EVENT, now, os.urandom)
    draft = EventDraft(EventType.DOMAIN_ACTIVE, {"domain_name": text, "expires_at": None})
    return event_id, build_body(draft, event_id=event_id, sequence=41, now=now)


def sign(event_id: str, body: bytes, secrets: Sequence[Secret], *, age_s: int = 0) -> dict[str, str]:
    """The headers that dcvd sends, signed `age_s` seconds ago."""
    return build_headers(
        secrets, message_id=event_id, event_type="domain.active", timestamp_s=int(time.time()) - age_s, body=body
    )


async def post(receiver: RunningReceiver, headers: Mapping[str, str], body: bytes) -> int:
    """The status of the receiver's answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(receiver.url, data=body, headers={"Content-Type": "application/json", **headers}) as response,
    ):
        return response.status


async def printed(receiver: RunningReceiver, *event_ids: str) -> None:
    """Waits until the receiver has printed these events, each once, and nothing else."""

    async def complete() -> bool:
        return len(receiver.lines) >= len(event_ids)

    await until(complete)
    expected = [f"domain.active {event_id}" for event_id in event_ids]
    assert receiver.lines == expected, f"{receiver.lines} != {expected}"
