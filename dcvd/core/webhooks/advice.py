"""Advice on deliveries: sentences with steps in them, which each way to dcvd puts into its own words."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import assert_never

from msgspec import Struct


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


Advice = tuple[str | Step, ...]
"""Texts and steps that make sentences one after the other; none where there is nothing to do."""


def join_advice(advices: Iterable[Advice]) -> Advice:
    """Put sentences one after the other."""
    joined: list[str | Step] = []
    for advice in advices:
        if advice and joined:
            joined.append(" ")
        joined += advice
    return tuple(joined)


def word_advice(advice: Advice, word: Callable[[Step], str]) -> str:
    """Return advice as a text, with the steps in the words of one way."""
    return "".join(part if isinstance(part, str) else word(part) for part in advice)


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
