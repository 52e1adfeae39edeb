"""`dcvd top`: the overview, live."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from dcvd.cli.operations import Operations, open_daemon_operations
from dcvd.cli.options import config_option, format_examples
from dcvd.cli.status.keys import Request, listening
from dcvd.cli.status.live_view import LiveView
from dcvd.cli.terminal.columns import Tone
from dcvd.cli.terminal.signals import run_until_signal
from dcvd.config import load
from dcvd.errors import DcvdError
from dcvd.kit.logs.configuration import configure_logging

_TIMEOUT_S: Final = 10.0
_STYLES: Final[dict[Tone, str]] = {"plain": "", "dim": "dim", "good": "green", "bad": "red", "doubtful": "yellow"}


@click.command("top", epilog=format_examples("dcvd top", "dcvd top --interval 5"))
@click.option(
    "--interval",
    type=click.IntRange(1, 60),
    default=1,
    show_default=True,
    metavar="SECONDS",
    help="How often the daemon is asked.",
)
@config_option
def top(interval: int, config: Path) -> None:
    """Show live what `dcvd status` shows once. Keys: q quits, r refreshes, the arrows and j and k scroll.

    A daemon that does not answer is waited for; what was known last stays, and says how old it is. It needs a terminal.
    """
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        raise DcvdError("dcvd top needs a terminal that it can draw on; dcvd status prints the same once.")
    configure_logging(level="error")
    socket = load(config, os.environ, need_cloudflare=False).config.server.socket
    asyncio.run(run_until_signal(_Top(socket, interval).run()))


class _Top:
    """Asks, draws, and listens to keys, until it is cancelled or somebody quits."""

    def __init__(self, socket: Path, interval_s: float) -> None:
        self._socket = socket
        self._interval_s = interval_s
        self._view = LiveView()
        self._console = Console(highlight=False)
        self._wake = asyncio.Event()
        self._has_quit = asyncio.Event()

    async def run(self) -> None:
        """Run until somebody quits."""
        with (
            Live(console=self._console, screen=True, auto_refresh=False, transient=True) as live,
            listening(self._on_request, self._has_quit.set) as set_up,
            self._redrawing(lambda: self._draw(live), set_up),
        ):
            self._draw(live)
            asking = asyncio.create_task(self._ask_for_ever(live), name="top.ask")
            quitting = asyncio.create_task(self._has_quit.wait(), name="top.quit")
            try:
                await asyncio.wait({asking, quitting}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                quitting.cancel()
                asking.cancel()
                results = await asyncio.gather(asking, return_exceptions=True)
            if isinstance(results[0], Exception):
                raise results[0]

    async def _ask_for_ever(self, live: Live) -> None:
        while True:
            try:
                async with open_daemon_operations(self._socket) as operations:
                    while True:
                        await self._ask(operations)
                        self._draw(live)
                        await self._pause()
            except (DcvdError, TimeoutError) as error:
                reason = error.message if isinstance(error, DcvdError) else f"it was silent for {_TIMEOUT_S:g} s"
                self._view.fault = f"Waiting for the daemon at {self._socket}: {reason}"
            self._draw(live)
            await self._pause()

    async def _ask(self, operations: Operations) -> None:
        async with asyncio.timeout(_TIMEOUT_S):
            self._view.overview = await operations.show_status()
        self._view.fault = None

    async def _pause(self) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(self._interval_s):
                await self._wake.wait()
        except TimeoutError:
            return

    def _on_request(self, request: Request) -> None:
        if request is Request.QUIT:
            self._has_quit.set()
            return
        self._view.scroll(request, self._console.width, self._console.height)
        self._wake.set()

    def _draw(self, live: Live) -> None:
        lines = self._view.format(self._console.width, self._console.height)
        texts = (Text(line.text, style=_STYLES[line.tone]) for line in lines)
        drawn = Text("\n", no_wrap=True, overflow="crop", end="").join(texts)
        live.update(drawn, refresh=True)

    @contextmanager
    def _redrawing(self, draw: Callable[[], None], set_up: Callable[[], None]) -> Iterator[None]:
        """Draw anew when the terminal has another size, and when the shell lets the process go on."""
        loop = asyncio.get_running_loop()

        def go_on() -> None:
            set_up()
            self._console.set_alt_screen(enable=True)
            draw()

        loop.add_signal_handler(signal.SIGWINCH, draw)
        loop.add_signal_handler(signal.SIGCONT, go_on)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGWINCH)
            loop.remove_signal_handler(signal.SIGCONT)
