"""A progress bar on a terminal."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import click

_STEPS: Final = 200


def start_progress(stack: ExitStack, label: str, length: int, *, visible: bool) -> Callable[[int], None]:
    """Start a progress bar on a terminal, and return what advances it; elsewhere that does nothing."""
    if not (visible and sys.stderr.isatty()):
        return lambda _: None
    steps = max(length // _STEPS, 1)
    bar = stack.enter_context(
        click.progressbar(length=length, label=label, file=sys.stderr, show_pos=True, update_min_steps=steps)
    )
    return bar.update
