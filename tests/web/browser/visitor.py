"""A customer at a browser, of which nothing may be wrong at the end: no script fails, no policy is broken."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request

_REFUSED = re.compile(r"(?:the server responded with a status of|Response Status Error Code) (\d+)")
"""How the browser and htmx tell of an answer that is no success."""

_NOTE_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} refused ${event.blockedURI}`));"""


class Visitor:
    """A browser without history. page: its only window at first. may_fail: statuses of answers that are meant.
    may_break_off: the server ends what it sends."""

    def __init__(self, context: BrowserContext, page: Page, base_url: str) -> None:
        self.context = context
        self.page = page
        self.base_url = base_url
        self.may_fail: set[int] = set()
        self.may_break_off = False
        self.problems: list[str] = []
        self.origins: set[str] = set()
        context.on("console", self._note_line)
        context.on("weberror", lambda error: self.problems.append(f"error: {error.error}"))
        context.on("dialog", self._dismiss)
        context.on("request", self._note_request)

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.base_url}{path}")

    def require_no_problem(self) -> None:
        assert not self.problems, self.problems

    async def _dismiss(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _note_line(self, line: ConsoleMessage) -> None:
        status = _REFUSED.search(line.text)
        if self.may_break_off and "net::ERR_INCOMPLETE_CHUNKED_ENCODING" in line.text:
            return
        if line.type in ("error", "warning") and not (status and int(status[1]) in self.may_fail):
            self.problems.append(f"{line.type}: {line.text}")

    def _note_request(self, request: Request) -> None:
        self.origins.add(request.url.split("/", 3)[2] if "//" in request.url else request.url[:10])


@asynccontextmanager
async def visiting(browser: Browser, base_url: str, **options: Any) -> AsyncIterator[Visitor]:
    """Let somebody visit, with options of a context of Playwright's."""
    context = await browser.new_context(**{"viewport": {"width": 1440, "height": 900}, "locale": "en-US", **options})
    context.set_default_timeout(10_000)
    try:
        if options.get("java_script_enabled", True):
            await context.add_init_script(_NOTE_VIOLATIONS)
        yield Visitor(context, await context.new_page(), base_url)
    finally:
        await context.close()
