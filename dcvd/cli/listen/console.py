"""What a developer sees: a line for each event, in words or as JSON."""

import time
from typing import Protocol, TextIO

import click
import msgspec

from dcvd.cli.listen.feed_reader import FeedEvent
from dcvd.cli.listen.forwarder import ForwardedAttempt
from dcvd.cli.listen.settings import ListenSettings, Start
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.style import TerminalStyle
from dcvd.core.instants import SECOND, to_rfc3339
from dcvd.core.webhooks.signing import to_standard_secret


class Console(Protocol):
    """Shows what happens."""

    def show_ready(self, settings: ListenSettings, after: int) -> None: ...
    def show_attempt(
        self, event: FeedEvent, attempt: ForwardedAttempt, number: int, retry_in_ms: int | None
    ) -> None: ...
    def show_lost(self, message: str, retry_in_ms: int) -> None: ...
    def show_connected(self) -> None: ...
    def show_stopped(self, position: Start) -> None: ...


class TextConsole:
    """Lines for people."""

    def __init__(self, stream: TextIO) -> None:
        self._style = TerminalStyle.for_stream(stream)

    def show_ready(self, settings: ListenSettings, after: int) -> None:
        facts = [
            ("Events of", settings.url),
            ("Forwarded to", settings.forward_to),
            ("Signing secret", to_standard_secret(settings.signing_secret).reveal()),
            ("The same in hex", settings.signing_secret.reveal()),
            ("From event", str(after + 1)),
        ]
        print_facts(facts)
        click.echo("\nReady. Runs until Ctrl-C.\n")

    def show_attempt(self, event: FeedEvent, attempt: ForwardedAttempt, number: int, retry_in_ms: int | None) -> None:
        about = f"#{event.sequence} {event.type} {event.domain_name or event.id}"
        style = self._style
        result = "no answer" if attempt.status is None else str(attempt.status)
        marked = style.mark_good(result) if attempt.is_accepted else style.mark_bad(result)
        tries = "" if number == 1 else f", try {number}"
        line = f"{_format_time()}  {marked}  {about}  {style.dim(f'{attempt.duration_ms} ms{tries}')}"
        if attempt.error is not None:
            what_next = (
                "It is not sent again." if retry_in_ms is None else f"Sent again in {_format_delay(retry_in_ms)}."
            )
            line += f"\n          {attempt.error} {what_next}"
        click.echo(line)

    def show_lost(self, message: str, retry_in_ms: int) -> None:
        click.echo(
            f"{_format_time()}  {message} Trying again in {_format_delay(retry_in_ms)}; no event is lost.", err=True
        )

    def show_connected(self) -> None:
        click.echo(f"{_format_time()}  Connected again.", err=True)

    def show_stopped(self, position: Start) -> None:
        hint = "" if position.after is None else f" To go on from here: --since {position.after}"
        click.echo(f"\nStopped.{hint}", err=True)


class JsonConsole:
    """A line of JSON for each thing that happens, for programs."""

    def show_ready(self, settings: ListenSettings, after: int) -> None:
        _print(
            "ready",
            url=settings.url,
            forwardTo=settings.forward_to,
            secret=settings.signing_secret.reveal(),
            signingSecret=to_standard_secret(settings.signing_secret).reveal(),
            after=after,
        )

    def show_attempt(self, event: FeedEvent, attempt: ForwardedAttempt, number: int, retry_in_ms: int | None) -> None:
        _print(
            "attempt",
            sequence=event.sequence,
            event=event.type,
            id=event.id,
            number=number,
            accepted=attempt.is_accepted,
            status=attempt.status,
            error=attempt.error,
            durationMs=attempt.duration_ms,
            retryInMs=retry_in_ms,
        )

    def show_lost(self, message: str, retry_in_ms: int) -> None:
        _print("disconnected", message=message, retryInMs=retry_in_ms)

    def show_connected(self) -> None:
        _print("connected")

    def show_stopped(self, position: Start) -> None:
        _print("stopped", after=position.after)


def _print(kind: str, **members: object) -> None:
    click.echo(msgspec.json.encode({"type": kind, "at": to_rfc3339(time.time_ns() // 1_000_000), **members}))


def _format_time() -> str:
    return time.strftime("%H:%M:%S")


def _format_delay(delay_ms: int) -> str:
    return f"{delay_ms / SECOND:.1f} s"
