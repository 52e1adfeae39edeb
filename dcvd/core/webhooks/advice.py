"""Advice on deliveries: sentences with steps in them, which each way to dcvd puts into its own words."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.sentences.rendering import Language, render_in_parts
from dcvd.core.sentences.sentence import Sentence, say

_STEP_ID: Final = "step"


class Action(StrEnum):
    """What can be done about a delivery, or about the endpoint that it goes to."""

    RETRY_DELIVERY = "retry_delivery"
    CANCEL_DELIVERY = "cancel_delivery"
    EXPLAIN_DELIVERY = "explain_delivery"
    ENABLE_WEBHOOK = "enable_webhook"


class Step(Struct, frozen=True):
    """An action, and the id of the delivery or the endpoint to which it is done."""

    action: Action
    target_id: str


Advice = tuple[Sentence, ...]
"""Sentences whose parameters may be steps; none where there is nothing to do."""
AdviceParts = tuple[str | Step, ...]
"""Advice in the words of a language: texts and steps, one after the other."""


def say_step(action: Action, target_id: str) -> Sentence:
    """Return a step as the parameter of a sentence."""
    return say(_STEP_ID, action=action.value, target_id=target_id)


def split_advice(advice: Advice, language: Language = "en") -> AdviceParts:
    """Put advice into the words of a language, but for its steps."""
    parts: list[str | Step] = []
    for sentence in advice:
        if parts:
            parts.append(" ")
        parts += render_in_parts((sentence,), language, _read_step)
    return tuple(parts)


def word_advice(advice: Advice, word: Callable[[Step], str]) -> str:
    """Return advice as an English text, with the steps in the words of one way."""
    return word_parts(split_advice(advice), word)


def word_parts(parts: Iterable[str | Step], word: Callable[[Step], str]) -> str:
    """Return advice that was split as a text, with the steps in the words of one way."""
    return "".join(part if isinstance(part, str) else word(part) for part in parts)


def word_as_call(step: Step) -> str:
    """Return the call of the API that takes a step."""
    match step.action:
        case Action.RETRY_DELIVERY:
            return f"POST /api/deliveries/{step.target_id}/retry"
        case Action.CANCEL_DELIVERY:
            return f"POST /api/deliveries/{step.target_id}/cancel"
        case Action.EXPLAIN_DELIVERY:
            return f"GET /api/deliveries/{step.target_id}/explain"
        case Action.ENABLE_WEBHOOK:
            return f'PATCH /api/webhooks/{step.target_id} {{"enabled":true}}'
        case _:
            assert_never(step.action)


def _read_step(sentence: Sentence) -> Step | None:
    if sentence.id != _STEP_ID:
        return None
    return Step(Action(str(sentence.params["action"])), str(sentence.params["target_id"]))
