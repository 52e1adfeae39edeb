"""What a receiver may do to a body before it verifies the signature, and how that is found out.

A delivery is signed over what the receiver would have made of its body. Whoever accepts that, after they have refused
what was rightly signed, verified something else than what they received.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.events import Event
from dcvd.core.instants import SECOND
from dcvd.core.secret import Secret
from dcvd.core.sentences.sentence import Sentence, say
from dcvd.core.webhooks.answers.status_codes import meaning_of
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome
from dcvd.core.webhooks.reserialization import HABITS, decode_wrongly
from dcvd.core.webhooks.signing import build_headers

AWKWARD_TEXT: Final = 'Nothing happened. Libraries write this in different ways: / é → 😀 <&> " \\ \u2028'
"""Real events hold nearly all of it."""
PLAIN_TEXT: Final = "Nothing happened. Every library writes this in the same way."


class BodyChangeKind(StrEnum):
    """What was done to the body: written anew by a JSON library, read in a wrong encoding, or something unknown."""

    RESERIALIZED = "reserialized"
    WRONG_ENCODING = "wrong_encoding"
    UNKNOWN = "unknown"


class BodyChange(Struct, frozen=True, kw_only=True):
    """A change that a probe looks for; `text` is what the probe's event says.

    fault: a part of a sentence. verdict: a whole one. change: what the receiver makes of the body.
    """

    kind: BodyChangeKind
    fault: Sentence
    verdict: Sentence
    text: str
    change: Callable[[bytes], bytes]


BODY_CHANGES: Final = (
    *(
        BodyChange(
            kind=BodyChangeKind.RESERIALIZED,
            fault=say("body_reserialized_fault"),
            verdict=say("body_reserialized", habit=say(habit.sentence_id)),
            text=AWKWARD_TEXT,
            change=habit.write,
        )
        for habit in HABITS
    ),
    BodyChange(
        kind=BodyChangeKind.WRONG_ENCODING,
        fault=say("body_wrong_encoding_fault"),
        verdict=say("body_wrong_encoding"),
        text=AWKWARD_TEXT,
        change=decode_wrongly,
    ),
    BodyChange(
        kind=BodyChangeKind.UNKNOWN,
        fault=say("body_changed_fault"),
        verdict=say("body_changed"),
        text=PLAIN_TEXT,
        change=bytes,
    ),
)
"""In the order in which they are looked for; the first that is accepted is what the receiver does."""


def may_have_changed_body(attempt: Attempt) -> bool:
    """Whether the refusal of a rightly signed delivery may come from a changed body; not where nobody verified it."""
    status = attempt.status_code
    if attempt.outcome is AttemptOutcome.DELIVERED or status is None:
        return False
    meaning = meaning_of(status)
    return meaning.may_refuse_signature or (status >= 500 and not meaning.pauses_endpoint)


def sign_changed_body(change: BodyChange, secrets: Sequence[Secret], event: Event, *, now: int) -> dict[str, str]:
    """Return the headers of an event whose signatures are those of its changed body; `now` is in milliseconds."""
    return build_headers(
        secrets,
        message_id=event.id,
        event_type=event.type,
        timestamp_s=now // SECOND,
        body=change.change(event.body),
    )
