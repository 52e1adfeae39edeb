"""Types of events that an endpoint refuses for good: the same answer each time, however often they are sent."""

import hashlib
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.sentences.sentence import say
from dcvd.core.text import make_printable, shorten
from dcvd.core.webhooks.advice import Action, Advice, say_step
from dcvd.core.webhooks.answers.known_answers import recognize_answer
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome

REFUSING_STATUSES: Final = frozenset({400, 422})
"""They say that what was sent is wrong, and not that the receiver, its address or its rights are."""
SAME_ANSWERS: Final = 3
"""How often the same answer has to come until a refusal is for good."""
MAX_ANSWERS: Final = 8
"""The most answers that are told apart: an answer may name the domain, so that those of many domains come in turns."""
_MAX_EXCERPT_CHARS: Final = 200


class RefusingAnswer(Struct, frozen=True, kw_only=True):
    """An answer that refuses a type of event.

    digest: of the beginning of its body, which `excerpt` shows in one line of printable characters.
    attempts: how many were answered so, from `first_at` to `last_at`, the last of them for `delivery_id`.
    """

    status_code: int
    digest: str
    excerpt: str
    attempts: int
    delivery_id: str
    first_at: int
    last_at: int


class EventRefusal(Struct, frozen=True, kw_only=True):
    """That an endpoint refuses a type of event, since its last success of that type.

    answers: the latest first. told_at: when the organization was told that it is for good.
    """

    endpoint_id: str
    event_type: EventType
    answers: tuple[RefusingAnswer, ...] = ()
    told_at: int | None = None

    @property
    def lasting_answer(self) -> RefusingAnswer | None:
        """The latest answer that came often enough to be for good; None where there is none."""
        return next((answer for answer in self.answers if answer.attempts >= SAME_ANSWERS), None)


def is_refusal(attempt: Attempt) -> bool:
    """Whether an attempt was answered by a refusal of what was sent.

    An answer that is known word for word, as that of a tunnel with nothing behind it (ngrok/ngrok-docs#1628: 400),
    concerns every type of event.
    """
    if attempt.outcome is not AttemptOutcome.HTTP_ERROR or attempt.status_code not in REFUSING_STATUSES:
        return False
    return recognize_answer(attempt.status_code, attempt.response_headers, attempt.response_body, host="") is None


def apply_refusal(refusal: EventRefusal, attempt: Attempt, now: int) -> EventRefusal:
    """Return what is known of a refusal after another attempt that was refused."""
    assert attempt.status_code is not None, "a refusal is an answer"
    digest = hashlib.sha256(attempt.response_body).hexdigest()[:32]
    same_answer = next(
        (each for each in refusal.answers if (each.status_code, each.digest) == (attempt.status_code, digest)), None
    )
    answer = RefusingAnswer(
        status_code=attempt.status_code,
        digest=digest,
        excerpt=shorten(make_printable(attempt.response_body.decode("utf-8", "replace")), _MAX_EXCERPT_CHARS),
        attempts=1 if same_answer is None else same_answer.attempts + 1,
        delivery_id=attempt.delivery_id,
        first_at=now if same_answer is None else same_answer.first_at,
        last_at=now,
    )
    others = [each for each in refusal.answers if each is not same_answer]
    return replace(refusal, answers=(answer, *others[: MAX_ANSWERS - 1]))


def advise_on_refusal(event_type: EventType, answer: RefusingAnswer) -> Advice:
    """Say what can be done about a type of event that is refused for good."""
    cancel = say_step(Action.CANCEL_DELIVERY, answer.delivery_id)
    return (say("endpoint_refusal_fix", type=event_type.value, cancel=cancel),)
