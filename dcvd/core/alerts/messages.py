"""Messages: what is sent to one recipient, and kept until it is sent or given up."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from dcvd.core.alerts.sending import MessageState


class Channel(StrEnum):
    """The way that a message takes."""

    MAIL = "mail"
    CHAT = "chat"


class Purpose(StrEnum):
    """What a message is for: to tell what happened, or to ask whether an address wants to be told."""

    ALERT = "alert"
    CONFIRMATION = "confirmation"


class Content(Struct, frozen=True):
    """What people read."""

    subject: str
    text: str


class Message(Struct, frozen=True, kw_only=True):
    """A message to one recipient. Instants are in milliseconds.

    org_id, contact_id: None for one to the operator. recipient: an address, or the fingerprint of a chat target, whose
    own address is a secret. attempts, faults: see `SendConsequence`. next_attempt_at: None once it has ended.
    """

    id: str
    org_id: str | None
    contact_id: str | None
    channel: Channel
    purpose: Purpose
    recipient: str
    subject: str
    text: str
    state: MessageState = MessageState.PENDING
    attempts: int = 0
    faults: int = 0
    next_attempt_at: int | None
    last_error: str | None = None
    sent_at: int | None = None
    created_at: int
    updated_at: int


def choose_by_turns(due: Sequence[Message], sent_counts: dict[str, int], limit: int) -> list[Message]:
    """Choose up to `limit` of the messages that are due: those for whose organization the fewest were sent of late.

    sent_counts: how many were sent, by organization; those that are chosen are added. The operator's come first.
    """
    waiting = list(due)
    chosen: list[Message] = []
    while waiting and len(chosen) < limit:
        first = min(waiting, key=lambda each: 0 if each.org_id is None else 1 + sent_counts.get(each.org_id, 0))
        waiting.remove(first)
        chosen.append(first)
        if first.org_id is not None:
            sent_counts[first.org_id] = sent_counts.get(first.org_id, 0) + 1
    return chosen
