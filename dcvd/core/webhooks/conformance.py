"""Whether a receiver checks what it is sent: four probes, and what its answers say of it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.events import Event
from dcvd.core.ids import RandomBytes
from dcvd.core.instants import HOUR, SECOND
from dcvd.core.secret import Secret
from dcvd.core.webhooks.deliveries import PAUSING, Attempt, AttemptOutcome, blames_receiver
from dcvd.core.webhooks.signing import headers, new_secret

_STALENESS: Final = HOUR
_DOUBTING: Final = frozenset({400, 401, 403, 422})  # what receivers answer to a signature that they cannot verify


class ProbeKind(StrEnum):
    """In the order in which they are sent."""

    GOOD = "good"
    DUPLICATE = "duplicate"
    FORGED = "forged"
    STALE = "stale"


_WRONG: Final = {
    ProbeKind.GOOD: "does not accept what is rightly signed",
    ProbeKind.DUPLICATE: "does not accept a repeat",
    ProbeKind.FORGED: "accepts a forged signature",
    ProbeKind.STALE: "accepts an old timestamp",
}


class Probe(Struct, frozen=True, kw_only=True):
    """One request; `headers` are those that depend on its content."""

    kind: ProbeKind
    headers: Mapping[str, str]
    body: bytes


class ProbeVerdict(Struct, frozen=True, kw_only=True):
    """What one answer says; `passed` is None where it proves nothing. Texts are sentences."""

    kind: ProbeKind
    expected: str
    status_code: int | None
    error: str | None
    passed: bool | None
    verdict: str


class Report(Struct, frozen=True, kw_only=True):
    """`conforms` when every probe was passed; `probes` in the order in which they were sent."""

    conforms: bool
    summary: str
    probes: list[ProbeVerdict]


def probes(
    secrets: Sequence[Secret], good: Event, forged: Event, stale: Event, *, now: int, random: RandomBytes
) -> list[Probe]:
    """The requests, in order, made from three events of one type; `now` in milliseconds.

    `secrets` as for `signing.headers`. To be sent within a minute or so: all but the stale one are to be fresh.
    """

    def probe(kind: ProbeKind, event: Event, keys: Sequence[Secret], signed_at: int) -> Probe:
        timestamp = signed_at // SECOND
        signed = headers(keys, message_id=event.id, event=event.type, timestamp=timestamp, body=event.body)
        return Probe(kind=kind, headers=signed, body=event.body)

    return [
        probe(ProbeKind.GOOD, good, secrets, now),
        probe(ProbeKind.DUPLICATE, good, secrets, now),
        probe(ProbeKind.FORGED, forged, [new_secret(random)], now),
        probe(ProbeKind.STALE, stale, secrets, now - _STALENESS),
    ]


def judge(results: Mapping[ProbeKind, Attempt]) -> Report:
    """What a receiver does right and wrong; `results` holds an attempt for each kind."""
    good_accepted = _accepted(results[ProbeKind.GOOD])
    verdicts = [_judged(kind, results[kind], good_accepted=good_accepted) for kind in ProbeKind]
    return Report(
        conforms=all(verdict.passed is True for verdict in verdicts), summary=_summary(verdicts), probes=verdicts
    )


def _judged(kind: ProbeKind, attempt: Attempt, *, good_accepted: bool) -> ProbeVerdict:
    match kind:
        case ProbeKind.GOOD:
            expected = "A delivery that is rightly signed is accepted with 2xx."
            passed, verdict = _good(attempt)
        case ProbeKind.DUPLICATE:
            expected = "The same delivery once more, with the same webhook-id, is accepted with 2xx as well."
            passed, verdict = _duplicate(attempt, good_accepted=good_accepted)
        case ProbeKind.FORGED:
            expected = "A delivery that is signed with another secret is refused, best with 401."
            passed, verdict = _forged(attempt, good_accepted=good_accepted)
        case ProbeKind.STALE:
            expected = "A delivery whose webhook-timestamp is an hour old is refused, best with 400."
            passed, verdict = _stale(attempt, good_accepted=good_accepted)
        case _:
            assert_never(kind)
    return ProbeVerdict(
        kind=kind,
        expected=expected,
        status_code=attempt.status_code,
        error=attempt.error,
        passed=passed,
        verdict=verdict,
    )


def _good(attempt: Attempt) -> tuple[bool | None, str]:
    status = attempt.status_code
    if _accepted(attempt):
        return True, "It accepted a delivery that was rightly signed."
    if status is None:
        return _unanswered(attempt)
    advice = "Answer 2xx to what is rightly signed."
    if status in _DOUBTING:
        advice = (
            "Verify the signature over the raw bytes of the body, before any parsing, with this webhook's present "
            "secret; then answer 2xx."
        )
    return False, f"It did not accept a delivery that was rightly signed: it answered {status}. {advice}"


def _duplicate(attempt: Attempt, *, good_accepted: bool) -> tuple[bool | None, str]:
    status = attempt.status_code
    if _accepted(attempt):
        return True, "It accepted a delivery that had been sent before."
    if status is None:
        return _unanswered(attempt)
    if not good_accepted:
        return None, "Inconclusive: it had not accepted the delivery the first time, so that this was no repeat."
    if status in PAUSING:
        return None, _busy(status)
    return False, (
        f"It refused a delivery that it had received before, with {status}: answer 2xx to repeats. A delivery is sent "
        "again when its answer got lost; keep each webhook-id, and do nothing for one that you know."
    )


def _forged(attempt: Attempt, *, good_accepted: bool) -> tuple[bool | None, str]:
    if _accepted(attempt):
        return False, (
            "It accepted a forged signature: whoever knows the URL can send it events. Compare webhook-signature or "
            "X-DCVaaS-Signature with the one that you compute from the secret and the raw body, in constant time, and "
            "answer 401 when they differ."
        )
    return _refused(attempt, "a forged signature", good_accepted=good_accepted)


def _stale(attempt: Attempt, *, good_accepted: bool) -> tuple[bool | None, str]:
    if _accepted(attempt):
        return False, (
            "It accepted a delivery whose timestamp was an hour old: whoever has recorded one can send it again at any "
            "time. Verify webhook-signature, which covers webhook-timestamp, and refuse what is more than five minutes "
            "old; X-DCVaaS-Signature alone covers no time."
        )
    return _refused(attempt, "a timestamp that was an hour old", good_accepted=good_accepted)


def _refused(attempt: Attempt, what: str, *, good_accepted: bool) -> tuple[bool | None, str]:
    """Of a probe that is to be refused, and was not accepted."""
    status = attempt.status_code
    if status is None:
        return None, f"Inconclusive: whether it refuses {what} is not known. {_said(attempt)}"
    if not good_accepted:
        return None, f"Inconclusive: it refused {what}, but it does not accept what is rightly signed either."
    if status in PAUSING:
        return None, _busy(status)
    if 400 <= status < 500:
        return True, f"It refused {what}, with {status}."
    return True, f"It refused {what}, but with {status}; 401 would not be taken for a fault of the receiver."


def _unanswered(attempt: Attempt) -> tuple[bool | None, str]:
    """Of a probe that is to be accepted, and had no answer."""
    if not blames_receiver(attempt):
        return None, f"Inconclusive: it was perhaps dcvd's own fault that there was no answer. {_said(attempt)}"
    return False, f"It gave no answer. {_said(attempt)}"


def _busy(status: int) -> str:
    return f"Inconclusive: it answered {status}, which says that it is busy or out of order."


def _said(attempt: Attempt) -> str:
    return attempt.error or "No answer came."


def _accepted(attempt: Attempt) -> bool:
    return attempt.outcome is AttemptOutcome.DELIVERED


def _summary(verdicts: Sequence[ProbeVerdict]) -> str:
    wrong = [_WRONG[verdict.kind] for verdict in verdicts if verdict.passed is False]
    unknown = [verdict.kind.value for verdict in verdicts if verdict.passed is None]
    if not wrong and not unknown:
        return (
            "The receiver conforms: it accepts what is rightly signed, also twice, and refuses what is forged or old."
        )
    parts = [f"The receiver does not conform: it {', '.join(wrong)}."] if wrong else []
    if unknown:
        parts.append(f"Inconclusive: {', '.join(unknown)}.")
    return " ".join(parts)
