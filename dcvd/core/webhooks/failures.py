"""Failures of attempts to which no usable answer came: what happened, and what to do."""

from typing import Final, Literal

from dcvd.core.http.exchanges import FailureReason
from dcvd.core.instants import to_seconds
from dcvd.core.sentences.sentence import Param, Sentence, say
from dcvd.core.text import make_printable
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome
from dcvd.core.webhooks.statements import Statement

_Phase = Literal["turn", "name", "connection", "tls", "answer", "body"]

_TOLD_BY_REASON: Final = frozenset(
    {
        FailureReason.NAME_NOT_PUBLIC,
        FailureReason.CONNECTION_REFUSED,
        FailureReason.NETWORK_UNREACHABLE,
        FailureReason.CERTIFICATE_SELF_SIGNED,
        FailureReason.CERTIFICATE_WRONG_NAME,
        FailureReason.TRUST_STORE_OUTDATED,
        FailureReason.CLIENT_CERTIFICATE_REQUIRED,
        FailureReason.CLOSED_WITHOUT_ANSWER,
    }
)
"""Of these the recorded error says nothing more. That of others has a date, a port or what the system said."""


def describe_failure(attempt: Attempt, host: Param) -> Statement:
    """Say why no answer came from `host`; the attempt recorded it as an error, which may quote the system."""
    record = make_printable(attempt.error or "")
    match attempt.outcome:
        case AttemptOutcome.INTERNAL:
            return Statement(say("attempt_failed_internal"), record)
        case AttemptOutcome.TIMEOUT:
            seconds = _say_seconds(attempt.timings.total_ms)
            return Statement(say("attempt_timed_out", host=host, seconds=seconds), record)
        case _:
            addition = "" if attempt.reason in _TOLD_BY_REASON else record
            sentence_id = "attempt_failed" if attempt.reason is None else f"attempt_failed_{attempt.reason.value}"
            return Statement(say(sentence_id, host=host), record, addition)


def advise_on_failure(attempt: Attempt, host: Param) -> Sentence:
    """Say what the receiver's developer can do about it."""
    match attempt.outcome:
        case AttemptOutcome.INTERNAL:
            return say("attempt_nothing_to_do")
        case AttemptOutcome.TIMEOUT:
            return say(f"attempt_fix_late_{_find_slowest_phase(attempt)}", host=host)
        case _ if attempt.reason is not None:
            return say(f"attempt_fix_{attempt.reason.value}", host=host)
        case AttemptOutcome.REFUSED_BY_POLICY:
            return say("attempt_fix_refused")
        case _:
            return say("attempt_fix_unreached", host=host)


def _say_seconds(duration_ms: int) -> Param:
    """Say a number of seconds, of which nobody wants to know more than three digits."""
    whole, _, fraction = f"{to_seconds(duration_ms):.3g}".partition(".")
    return say("attempt_seconds_decimal", whole=whole, fraction=fraction) if fraction else whole


def _find_slowest_phase(attempt: Attempt) -> _Phase:
    """Return the phase that took the most time; unmeasured time belongs to the phase after the last measured one."""
    timings = attempt.timings
    if timings.first_byte_ms is not None:
        return "body"
    spent: dict[_Phase, int] = {
        "name": timings.dns_ms or 0, "connection": timings.connect_ms or 0, "tls": timings.tls_ms or 0
    }  # fmt: skip
    if attempt.remote_ip is not None or timings.connect_ms is not None:
        last: _Phase = "answer"
    else:
        last = "turn" if timings.dns_ms is None else "connection"
    rest = timings.total_ms - sum(spent.values())
    spent[last] = spent.get(last, 0) + rest
    return max(spent, key=lambda phase: (spent[phase], phase == last))
