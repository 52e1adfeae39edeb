"""Advice as the API shows it: in one text, and in parts for programs that take the steps themselves."""

from collections.abc import Iterable

from msgspec import Struct

from dcvd.core.webhooks.advice import Action, Advice, AdviceParts, Step, split_advice, word_as_call


class AdvicePartView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of `fix`. Where it is a call, `action` says which, and `targetId` of which delivery or webhook."""

    text: str
    action: Action | None = None
    target_id: str | None = None


def advice_view(advice: Advice) -> list[AdvicePartView]:
    """Show advice part by part."""
    return [
        AdvicePartView(text=part)
        if isinstance(part, str)
        else AdvicePartView(text=word_as_call(part), action=part.action, target_id=part.target_id)
        for part in split_advice(advice)
    ]


def read_advice(parts: Iterable[AdvicePartView]) -> AdviceParts:
    """Read advice that the API has shown."""
    return tuple(
        part.text if part.action is None or part.target_id is None else Step(part.action, part.target_id)
        for part in parts
    )
