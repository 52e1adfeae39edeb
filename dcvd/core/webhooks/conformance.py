"""The conformance test of a receiver: four probes show whether it verifies what it receives."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.events import Event
from dcvd.core.ids import RandomBytes
from dcvd.core.instants import HOUR, SECOND
from dcvd.core.secret import Secret
from dcvd.core.webhooks.answers.status_codes import meaning_of
from dcvd.core.webhooks.body_changes import BodyChange, BodyChangeKind
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, is_receiver_at_fault
from dcvd.core.webhooks.signing import build_headers, new_secret

_STALE_AGE_MS: Final = HOUR


class ProbeKind(StrEnum):
    """The kinds of probes, in the order in which they are sent."""

    GOOD = "good"
    DUPLICATE = "duplicate"
    FORGED = "forged"
    STALE = "stale"


_FAULTS: Final = {
    ProbeKind.GOOD: "does not accept what is rightly signed",
    ProbeKind.DUPLICATE: "does not accept a repeat",
    ProbeKind.FORGED: "accepts a forged signature",
    ProbeKind.STALE: "accepts an old timestamp",
}


_ACCEPTED_FORGERY: Final = (
    "It accepted a forged signature: whoever knows the URL can send it events. Compare webhook-signature or "
    "X-DCVaaS-Signature with the one that you compute from the secret and the raw body, in constant time, and "
    "answer 401 when they differ."
)
_ACCEPTED_REPLAY: Final = (
    "It accepted a delivery whose timestamp was an hour old: whoever has recorded one can send it again at any "
    "time. Verify webhook-signature, which covers webhook-timestamp, and refuse what is more than five minutes "
    "old; X-DCVaaS-Signature alone covers no time."
)


class ConformanceProbe(Struct, frozen=True, kw_only=True):
    """A test request; `headers` are those that depend on its content."""

    kind: ProbeKind
    headers: Mapping[str, str]
    body: bytes


class ProbeResult(Struct, frozen=True, kw_only=True):
    """The result of one probe; `passed` is None where the answer proves nothing. Texts are sentences."""

    kind: ProbeKind
    expected: str
    status_code: int | None
    error: str | None
    passed: bool | None
    verdict: str


class ConformanceReport(Struct, frozen=True, kw_only=True):
    """The report on a receiver, which conforms when it passed every probe.

    `probes` are in the order in which they were sent. body_change: what the receiver does to bodies before it verifies
    them, where that is why it refused a good one.
    """

    conforms: bool
    summary: str
    probes: list[ProbeResult]
    body_change: BodyChangeKind | None = None


def build_probes(
    secrets: Sequence[Secret],
    good_event: Event,
    forged_event: Event,
    stale_event: Event,
    *,
    now: int,
    random: RandomBytes,
) -> list[ConformanceProbe]:
    """Build the probes, in order, from three events of one type; `now` is in milliseconds.

    `secrets` as for `signing.build_headers`. They have to be sent within about a minute, because all but the stale one
    need a fresh timestamp.
    """

    def build_probe(kind: ProbeKind, event: Event, keys: Sequence[Secret], signed_at: int) -> ConformanceProbe:
        seconds = signed_at // SECOND
        headers = build_headers(keys, message_id=event.id, event_type=event.type, timestamp_s=seconds, body=event.body)
        return ConformanceProbe(kind=kind, headers=headers, body=event.body)

    return [
        build_probe(ProbeKind.GOOD, good_event, secrets, now),
        build_probe(ProbeKind.DUPLICATE, good_event, secrets, now),
        build_probe(ProbeKind.FORGED, forged_event, [new_secret(random)], now),
        build_probe(ProbeKind.STALE, stale_event, secrets, now - _STALE_AGE_MS),
    ]


def evaluate_receiver(
    attempts: Mapping[ProbeKind, Attempt], body_change: BodyChange | None = None
) -> ConformanceReport:
    """Report what a receiver does right and wrong; `attempts` holds the attempt of each probe.

    body_change: what was found out about a receiver that refused the good one.
    """
    good_accepted = _is_accepted(attempts[ProbeKind.GOOD])
    results = [_evaluate_probe(kind, attempts[kind], accepts_good=good_accepted) for kind in ProbeKind]
    faults = dict(_FAULTS)
    if body_change is not None:
        results[0] = replace(results[0], verdict=body_change.verdict)
        faults[ProbeKind.GOOD] = body_change.fault
    return ConformanceReport(
        conforms=all(result.passed is True for result in results),
        summary=_summarize(results, faults),
        probes=results,
        body_change=None if body_change is None else body_change.kind,
    )


def _evaluate_probe(kind: ProbeKind, attempt: Attempt, *, accepts_good: bool) -> ProbeResult:
    match kind:
        case ProbeKind.GOOD:
            expected = "A delivery that is rightly signed is accepted with 2xx."
            passed, verdict = _evaluate_good(attempt)
        case ProbeKind.DUPLICATE:
            expected = "The same delivery once more, with the same webhook-id, is accepted with 2xx as well."
            passed, verdict = _evaluate_duplicate(attempt, accepts_good=accepts_good)
        case ProbeKind.FORGED:
            expected = "A delivery that is signed with another secret is refused, best with 401."
            passed, verdict = _evaluate_refusal(
                attempt, "a forged signature", _ACCEPTED_FORGERY, accepts_good=accepts_good
            )
        case ProbeKind.STALE:
            expected = "A delivery whose webhook-timestamp is an hour old is refused, best with 400."
            passed, verdict = _evaluate_refusal(
                attempt, "a timestamp that was an hour old", _ACCEPTED_REPLAY, accepts_good=accepts_good
            )
        case _:
            assert_never(kind)
    return ProbeResult(
        kind=kind,
        expected=expected,
        status_code=attempt.status_code,
        error=attempt.error,
        passed=passed,
        verdict=verdict,
    )


def _evaluate_good(attempt: Attempt) -> tuple[bool | None, str]:
    status = attempt.status_code
    if _is_accepted(attempt):
        return True, "It accepted a delivery that was rightly signed."
    if status is None:
        return _evaluate_silence(attempt)
    advice = "Answer 2xx to what is rightly signed."
    if meaning_of(status).may_refuse_signature:
        advice = (
            "Verify the signature over the raw bytes of the body, before any parsing, with this webhook's present "
            "secret; then answer 2xx."
        )
    return False, f"It did not accept a delivery that was rightly signed: it answered {status}. {advice}"


def _evaluate_duplicate(attempt: Attempt, *, accepts_good: bool) -> tuple[bool | None, str]:
    status = attempt.status_code
    if _is_accepted(attempt):
        return True, "It accepted a delivery that had been sent before."
    if status is None:
        return _evaluate_silence(attempt)
    if not accepts_good:
        return None, "Inconclusive: it had not accepted the delivery the first time, so that this was no repeat."
    if meaning_of(status).pauses_endpoint:
        return None, _describe_busy(status)
    return False, (
        f"It refused a delivery that it had received before, with {status}: answer 2xx to repeats. A delivery is sent "
        "again when its answer got lost; keep each webhook-id, and do nothing for one that you know."
    )


def _evaluate_refusal(attempt: Attempt, what: str, fault: str, *, accepts_good: bool) -> tuple[bool | None, str]:
    """Evaluate a probe that the receiver had to refuse; `fault` is the verdict where it accepted it."""
    status = attempt.status_code
    if _is_accepted(attempt):
        return False, fault
    if status is None:
        return None, f"Inconclusive: whether it refuses {what} is not known. {_describe_error(attempt)}"
    if not accepts_good:
        return None, f"Inconclusive: it refused {what}, but it does not accept what is rightly signed either."
    if meaning_of(status).pauses_endpoint:
        return None, _describe_busy(status)
    if meaning_of(status).refuses_request:
        return True, f"It refused {what}, with {status}."
    return True, f"It refused {what}, but with {status}; 401 would not be taken for a fault of the receiver."


def _evaluate_silence(attempt: Attempt) -> tuple[bool | None, str]:
    """Evaluate a probe that the receiver had to accept, and that got no answer."""
    if not is_receiver_at_fault(attempt):
        what = "Inconclusive: it was perhaps dcvd's own fault that there was no answer."
        return None, f"{what} {_describe_error(attempt)}"
    return False, f"It gave no answer. {_describe_error(attempt)}"


def _describe_busy(status: int) -> str:
    return f"Inconclusive: it answered {status}, which says that it is busy or out of order."


def _describe_error(attempt: Attempt) -> str:
    return attempt.error or "No answer came."


def _is_accepted(attempt: Attempt) -> bool:
    return attempt.outcome is AttemptOutcome.DELIVERED


def _summarize(results: Sequence[ProbeResult], names: Mapping[ProbeKind, str]) -> str:
    faults = [names[result.kind] for result in results if result.passed is False]
    inconclusive = [result.kind.value for result in results if result.passed is None]
    if not faults and not inconclusive:
        return (
            "The receiver conforms: it accepts what is rightly signed, also twice, and refuses what is forged or old."
        )
    parts = [f"The receiver does not conform: it {', '.join(faults)}."] if faults else []
    if inconclusive:
        parts.append(f"Inconclusive: {', '.join(inconclusive)}.")
    return " ".join(parts)
