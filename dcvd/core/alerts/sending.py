"""What became of an attempt to send a message, and what follows from it."""

import re
from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.retry_delays import add_jitter
from dcvd.core.text import make_printable, shorten

_MAX_DETAIL_CHARACTERS: Final = 300
_ENHANCED_CODE: Final = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_RECIPIENT_SUBJECTS: Final = frozenset({"1", "2"})
"""The second digit of an enhanced status code (RFC 3463) that is about the address or the mailbox."""
_SHUTTING_DOWN: Final = 421
_FIRST_FAULT_PAUSE_MS: Final = 10_000
_MAX_FAULT_DOUBLINGS: Final = 7
_MAX_PARTICULAR_FAULTS: Final = 50
"""Faults in a row that one message alone meets, which last for about 15 hours: from then on each is an attempt."""


class SmtpStage(StrEnum):
    """How far a conversation with a mail server had come."""

    CONNECT = "connect"
    """Connection, greeting, TLS and authentication."""
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"


class SendOutcome(StrEnum):
    """What became of an attempt."""

    SENT = "sent"
    DEFERRED = "deferred"
    """Refused for now, as by greylisting."""
    REFUSED = "refused"
    """Refused for a reason that is not the recipient's."""
    UNKNOWN_RECIPIENT = "unknown_recipient"
    """Refused for good because of the recipient."""
    FAULT = "fault"
    """Nothing was judged: the server was not there, or refuses us whatever we send."""


class SendResult(Struct, frozen=True):
    """The outcome of an attempt, and what was said. is_general: whether every other message would meet the same."""

    outcome: SendOutcome
    detail: str = ""
    is_general: bool = False


class MessageState(StrEnum):
    """Whether a message is still to be sent."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


class SendConsequence(Struct, frozen=True, kw_only=True):
    """What is stored after an attempt. attempts: those that count. faults: those in a row that do not."""

    state: MessageState
    attempts: int
    faults: int
    next_attempt_at: int | None


def judge_reply(stage: SmtpStage, code: int, text: str) -> SendResult:
    """Judge a refusal of a mail server (RFC 5321, section 4.2).

    What comes before any recipient is named is about ourselves, and so is the end of a connection (421). A refused
    recipient is told from a refusal of ours by the enhanced code, where there is one (RFC 3463).
    """
    detail = describe(f"{code} {text}")
    if stage in (SmtpStage.CONNECT, SmtpStage.SENDER) or code == _SHUTTING_DOWN:
        return SendResult(SendOutcome.FAULT, detail, is_general=True)
    if code < 500:
        return SendResult(SendOutcome.DEFERRED, detail)
    enhanced = _ENHANCED_CODE.match(text)
    is_about_recipient = enhanced is None or enhanced[2] in _RECIPIENT_SUBJECTS
    if stage is SmtpStage.RECIPIENT and is_about_recipient:
        return SendResult(SendOutcome.UNKNOWN_RECIPIENT, detail)
    return SendResult(SendOutcome.REFUSED, detail)


def describe(text: str) -> str:
    """Return what somebody said in one printable line."""
    return shorten(make_printable(text), _MAX_DETAIL_CHARACTERS)


def decide_after_attempt(
    result: SendResult,
    *,
    attempts: int,
    faults: int,
    retry_schedule: tuple[int, ...],
    now: int,
    random_fraction: float,
) -> SendConsequence:
    """Decide what follows from an attempt, `attempts` and `faults` being those before it.

    retry_schedule: the delay in milliseconds before each attempt, so that its length is their number. A fault uses up
    none of them, unless one message alone meets it again and again; the pauses after faults grow to about 20 minutes.
    """
    match result.outcome:
        case SendOutcome.SENT:
            return SendConsequence(state=MessageState.SENT, attempts=attempts + 1, faults=0, next_attempt_at=None)
        case SendOutcome.UNKNOWN_RECIPIENT:
            return SendConsequence(state=MessageState.DEAD, attempts=attempts + 1, faults=0, next_attempt_at=None)
        case SendOutcome.FAULT if result.is_general or faults < _MAX_PARTICULAR_FAULTS:
            pause_ms = _FIRST_FAULT_PAUSE_MS << min(faults, _MAX_FAULT_DOUBLINGS)
            next_attempt_at = now + add_jitter(pause_ms, random_fraction)
            return SendConsequence(
                state=MessageState.PENDING, attempts=attempts, faults=faults + 1, next_attempt_at=next_attempt_at
            )
        case SendOutcome.DEFERRED | SendOutcome.REFUSED | SendOutcome.FAULT:
            if attempts + 1 >= len(retry_schedule):
                return SendConsequence(state=MessageState.DEAD, attempts=attempts + 1, faults=0, next_attempt_at=None)
            next_attempt_at = now + add_jitter(retry_schedule[attempts + 1], random_fraction)
            # A message that the server cannot bear stays one.
            left_faults = faults if result.outcome is SendOutcome.FAULT else 0
            return SendConsequence(
                state=MessageState.PENDING, attempts=attempts + 1, faults=left_faults, next_attempt_at=next_attempt_at
            )
