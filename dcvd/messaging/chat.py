"""Chat and paging services, by Apprise where it is installed: it blocks, so it runs in threads of its own."""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from dcvd.core.alerts.messages import Content
from dcvd.core.alerts.sending import SendOutcome, SendResult
from dcvd.core.alerts.targets import Target

_MAX_THREADS: Final = 4
"""Threads that may hang in a service at once: until one of them ends, nothing more is sent."""
NOT_INSTALLED: Final = "alerts.targets_file needs Apprise: pip install 'dcvd[alerts]'."

Notify = Callable[[str, str, str], bool]
"""Sends a title and a text to the URL of a service, and waits; False where it refused."""


def is_installed() -> bool:
    """Whether Apprise is there."""
    return find_spec("apprise") is not None


def notify_by_apprise(url: str, title: str, text: str) -> bool:
    """Send by Apprise. Raises whatever it raises."""
    apprise: Any = import_module("apprise")
    # What it logs may hold the address, and so its secrets.
    logging.getLogger("apprise").disabled = True
    service = apprise.Apprise()
    return bool(service.add(url)) and bool(service.notify(title=title, body=text, body_format="text"))


class ChatSender:
    """Sends to services within a deadline. A thread that hangs keeps its place until it ends, and stops nobody else."""

    def __init__(self, notify: Notify = notify_by_apprise, *, max_threads: int = _MAX_THREADS) -> None:
        self._notify = notify
        self._free_threads = max_threads

    async def send(self, target: Target, content: Content, timeout_s: float) -> SendResult:
        """Send to a service. Never raises for what it does: the result says it, and nothing of its address."""
        if not is_installed():
            return SendResult(SendOutcome.FAULT, NOT_INSTALLED, is_general=True)
        if self._free_threads == 0:
            return SendResult(SendOutcome.FAULT, "Every thread for chat services waits for one.", is_general=True)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()
        self._free_threads -= 1

        def give(is_sent: bool) -> None:
            self._free_threads += 1
            if not answer.done():
                answer.set_result(is_sent)

        def work() -> None:
            try:
                is_sent = self._notify(target.url.reveal(), content.subject, content.text)
            except Exception:  # noqa: BLE001  # whatever a service's code raises is a refusal, and may hold its address
                is_sent = False
            with suppress(RuntimeError):  # The daemon has ended meanwhile.
                loop.call_soon_threadsafe(give, is_sent)

        # A thread of a pool would be waited for at the end of the process, for ever where it hangs.
        threading.Thread(target=work, name=f"chat {target.fingerprint}", daemon=True).start()
        try:
            async with asyncio.timeout(timeout_s):
                is_sent = await answer
        except TimeoutError:
            return SendResult(SendOutcome.DEFERRED, "The service was silent for too long.")
        if is_sent:
            return SendResult(SendOutcome.SENT)
        return SendResult(SendOutcome.REFUSED, "The service refused, or could not be reached.")
