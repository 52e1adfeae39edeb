"""Each answer of receivers.toml is played to the pool: what becomes of the delivery, and what is said of it."""

import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.webhooks.advice import word_advice, word_as_call
from dcvd.core.webhooks.health import DisabledReason
from dcvd.core.webhooks.statements import render_statements
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history
from dcvd.services.webhooks import endpoints as webhooks
from dcvd.services.webhooks.explanations import explain
from tests.delivery.conftest import at_work, configure
from tests.delivery.owing import happen
from tests.delivery.views import delivery_ids, health_of, stored
from tests.field.played_receiver import Entry, PlayedReceiver, playing
from tests.waiting import until

ENTRIES: Final = msgspec.convert(
    tomllib.loads(Path(__file__).with_name("receivers.toml").read_text())["receiver"], list[Entry]
)
_FIRST: Final = EventType.DOMAIN_ADDED
"""Of this event those get a delivery that keep the connection from it."""
_PLAYED: Final = EventType.DOMAIN_ACTIVE
_PLAYED_LAST: Final = EventType.DOMAIN_REMOVED
"""For entries about time: nothing else is under way then."""
_PATIENCE_MS: Final = 20_000
_FEWEST: Final = 60
_STATES: Final = {"delivered": "delivered", "gone": "dead"}


async def test_each_answer_is_taken_for_what_it_is(context: Context, org: str) -> None:
    configure(context, concurrency=len(ENTRIES), timeout=_PATIENCE_MS)
    limits = replace(context.config.limits, endpoints=len(ENTRIES))
    context.live_config.value = replace(context.config, limits=limits)
    async with playing(ENTRIES) as receivers, at_work(context):
        played = {await _subscribe(context, org, receiver): receiver for receiver in receivers}
        for event_type in (_FIRST, _PLAYED, _PLAYED_LAST):
            await happen(context, org, kind=event_type)
            await until(lambda: _is_settled(context))
        wrong = [
            f"{receiver.entry.name}: {member} is {is_!r}, and has to be {right!r}"
            for endpoint_id, receiver in played.items()
            for member, (is_, right) in (await _compare(context, org, endpoint_id, receiver)).items()
        ]
    assert not wrong, "\n".join(wrong)


def test_every_entry_has_a_source_and_stands_once() -> None:
    assert all(entry.source and entry.says for entry in ENTRIES)
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES) >= _FEWEST


async def _subscribe(context: Context, org: str, receiver: PlayedReceiver) -> str:
    entry = receiver.entry
    first = () if entry.connection == "new" else (_FIRST,)
    events = (*first, _PLAYED if entry.timeout_s is None else _PLAYED_LAST)
    made, _ = await webhooks.create(context, org, url=receiver.url, events=events, timeout_seconds=entry.timeout_s)
    return made.id


async def _is_settled(context: Context) -> bool:
    return all(delivery.state != "pending" or delivery.attempts for delivery in await stored(context))


async def _compare(
    context: Context, org: str, endpoint_id: str, receiver: PlayedReceiver
) -> dict[str, tuple[object, object]]:
    """What is, and what would be right, by the members in which they differ."""
    entry = receiver.entry
    pairs = zip(await delivery_ids(context), await stored(context), strict=True)
    *_, delivery_id = (delivery_id for delivery_id, delivery in pairs if delivery.endpoint_id == endpoint_id)
    detail = await delivery_history.get(context, org, delivery_id)
    attempts = [recorded.attempt for recorded in detail.attempts]
    last = attempts[-1]
    health = await health_of(context, endpoint_id)
    is_delivered = entry.outcome == "delivered"
    found: dict[str, tuple[Any, Any]] = {
        "outcome": (last.outcome, entry.outcome),
        "status": (last.status_code or 0, entry.status),
        "reason": (last.reason or "", entry.reason),
        "body_fault": (last.body_fault, entry.body_fault),
        "retry_after_ms": (last.retry_after_ms, entry.retry_after_ms),
        "requests": (receiver.requests - (entry.connection != "new"), entry.requests),
        "attempts": (detail.summary.delivery.attempts, entry.attempts),
        "uncounted": (sum(not attempt.counted for attempt in attempts), entry.uncounted),
        "state": (detail.summary.delivery.state, _STATES.get(entry.outcome, "pending")),
        "failures": (health.failures, int(not is_delivered) if entry.failures is None else entry.failures),
        "disabled": (health.reason, DisabledReason.GONE if entry.outcome == "gone" else None),
        "paused_ms": ((health.paused_until or context.now()) - context.now(), entry.paused_ms),
    }
    told = await explain(context, org, delivery_id, find_own_fault=lambda _: None)
    for text, phrases in (
        (render_statements(told.statements), entry.says),
        (word_advice(told.advice, word_as_call), entry.fix),
    ):
        found |= {phrase: (text, phrase) for phrase in phrases if phrase not in text}
    return {member: pair for member, pair in found.items() if pair[0] != pair[1]}
