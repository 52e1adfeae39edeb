"""Advice on deliveries in the words of the command line."""

from collections.abc import Sequence
from typing import assert_never

from dcvd.api.webhooks.advice_view import AdvicePartView, read_advice
from dcvd.core.webhooks.advice import Action, Step, word_parts


def word_as_commands(parts: Sequence[AdvicePartView]) -> str:
    """Return what to do as sentences, in which the steps are commands."""
    return word_parts(read_advice(parts), _word)


def _word(step: Step) -> str:
    match step.action:
        case Action.RETRY_DELIVERY:
            return f"`dcvd delivery retry {step.target_id}`"
        case Action.CANCEL_DELIVERY:
            return f"`dcvd delivery cancel {step.target_id}`"
        case Action.EXPLAIN_DELIVERY:
            return f"`dcvd delivery explain {step.target_id}`"
        case Action.ENABLE_WEBHOOK:
            return f"`dcvd webhook enable {step.target_id}`"
        case _:
            assert_never(step.action)
