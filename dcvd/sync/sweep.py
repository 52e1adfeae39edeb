"""Walks through Cloudflare's list, a call for 50 hostnames, when more looks are due than that takes calls.

What is due, or soon would be, gets its look with what its page said; what has not changed costs nothing; what is due
and on no page is left to a call of its own, because pages shift. Nothing is kept of a walk but where it is.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Set
from typing import Final, Protocol

import structlog

from dcvd.core.domains.domain import Domain
from dcvd.core.lifecycle import sweep
from dcvd.core.lifecycle.schedule import Lane, lane
from dcvd.custom_hostnames.client import ListPage
from dcvd.errors import RemoteError, Retryable, StoreError
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.checks import Look
from dcvd.store import domains
from dcvd.sync.adaptive_rate import Pace
from dcvd.sync.checker import Listed

log = structlog.get_logger(__name__)

_FEWEST: Final = 100
"""With fewer due it is not even asked how long the list is."""
_BETWEEN: Final = 10.0
_AFTER_FAILURE: Final = 60.0
"""Seconds from one consideration to the next, and from a walk that a failure ended."""
_PAGES_KNOWN: Final = 3600.0
"""Seconds for which the length of the list is taken as known."""
_AHEAD: Final = 3
"""Pages that are asked for before their turn, so that the way to Cloudflare and back costs no time."""
_CHECK_EVERY: Final = 64
_RETRIES: Final = (1.0, 2.0, 4.0, 8.0)
_COST: Final = 3
"""A page takes as much of the processor as so many looks."""
_AT_ONCE: Final = 10
"""Domains compared before others get a turn on the loop."""

Offer = Callable[[Domain, Listed, Lane], Awaitable[None]]


class Lister(Protocol):
    """Where the pages come from."""

    async def list_page(self, number: int) -> ListPage:
        """From 1. Raises RemoteError."""
        ...


class Sweep:
    """offer: takes a domain for its look, and waits while there are enough of them.
    held: the ids of domains that are being looked at, or about to be, at any time.
    over: called when `busy` has ended.
    busy: a walk is on, or about to be decided; until it is over, what is routine waits for its page.
    """

    def __init__(
        self,
        context: Context,
        lister: Lister,
        pace: Pace,
        *,
        offer: Offer,
        held: Set[str],
        over: Callable[[], None],
    ) -> None:
        self.busy = False
        self._context = context
        self._lister = lister
        self._pace = pace
        self._offer = offer
        self._held = held
        self._over = over
        self._asked = asyncio.Event()
        self._rests_until = 0.0
        self._pages: int | None = None
        self._pages_until = 0.0
        self._served_until = 0

    def consider(self) -> bool:
        """Many looks are due; whether it is decided now if a walk is worth its calls."""
        if not self.busy and asyncio.get_running_loop().time() >= self._rests_until:
            self.busy = True
            self._asked.set()
        return self.busy

    async def run(self) -> None:
        """Runs until it is cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            rest = _BETWEEN
            try:
                await self._consider()
            except (RemoteError, StoreError) as error:
                # What was not met is due as it was, and is looked at by calls of its own.
                log.warning("sync.sweep_ended", error=error.message)
                rest = _AFTER_FAILURE
            self._rests_until = asyncio.get_running_loop().time() + rest
            self.busy = False
            self._over()

    async def _consider(self) -> None:
        if not await self._is_worth(self._known_pages() or 0):
            return
        began = self._context.now()
        first = await self._lister.list_page(1), began
        pages = self._learn(first[0])
        if pages is None or not await self._is_worth(pages):
            return
        log.info("sync.sweep_started", pages=pages)
        walked = await self._walk(first, pages, began)
        # What was due by then and was met on no page is not met on the next walk either.
        self._served_until = began
        log.info("sync.sweep_done", pages=walked, seconds=round((self._context.now() - began) / 1000, 1))

    async def _walk(self, first: tuple[ListPage, int], pages: int, began: int) -> int:
        """Returns how many pages it went; what is asked for in advance ends with it."""
        await self._take(*first, began)
        ahead: deque[asyncio.Task[tuple[ListPage, int]]] = deque()
        number = asked = 1
        try:
            while number < pages:
                while asked < pages and len(ahead) < _AHEAD:
                    asked += 1
                    ahead.append(asyncio.create_task(self._page(asked), name=f"sync.page.{asked}"))
                page, asked_at = await ahead[0]
                ahead.popleft()
                number += 1
                pages = self._learn(page) or pages
                if not page.hostnames:
                    break
                await self._take(page, asked_at, began)
                if number % _CHECK_EVERY == 0 and not await self._goes_on(pages - number):
                    break
        finally:
            for task in ahead:
                task.cancel()
            if ahead:
                await asyncio.gather(*ahead, return_exceptions=True)
        return number

    async def _take(self, page: ListPage, asked_at: int, began: int) -> None:
        await self._pace.turn(_COST)
        seen = {hostname.id: hostname for hostname in page.hostnames}
        # Of those held now what is read may be older than their look, even if that has ended when they are compared.
        held = frozenset(self._held)
        found = await self._context.database.read(lambda snapshot: domains.by_cloudflare_ids(snapshot, list(seen)))
        for index, domain in enumerate(found):
            if index % _AT_ONCE == 0:
                await asyncio.sleep(0)
            listed = Listed(seen[domain.cf_id or ""], asked_at)
            if listed.seen.hostname == domain.name and domain.id not in held:
                await self._compare(domain, listed, began)

    async def _compare(self, domain: Domain, listed: Listed, began: int) -> None:
        now = self._context.now()
        if domain.cf_checked_at is not None and listed.asked_at <= domain.cf_checked_at <= now:
            return
        news = sweep.tells_news(domain, listed.seen, now, self._context.rules)
        match lane(domain):
            case Lane.FAILING:
                # Its look would take its time; what the page says need not wait for that.
                if news:
                    await checks.record_many(self._context, [Look(domain.id, [listed.seen], listed.asked_at)])
            case Lane.WAITING as kind:
                if news:
                    await self._offer(domain, listed, kind)
            case Lane.ROUTINE as kind:
                interval = self._context.config.sync.active_interval
                if news or sweep.takes(domain, now, began, interval):
                    await self._offer(domain, listed, kind)

    async def _page(self, number: int) -> tuple[ListPage, int]:
        """A page and when it was asked for; one that cannot be had is asked for again some times."""
        for delay in _RETRIES:
            asked_at = self._context.now()
            try:
                return await self._lister.list_page(number), asked_at
            except Retryable as error:
                log.warning("sync.page_failed", page=number, error=error.message, retry_s=delay)
                await asyncio.sleep(delay)
        asked_at = self._context.now()
        return await self._lister.list_page(number), asked_at

    async def _goes_on(self, pages_left: int) -> bool:
        if sweep.worth_going_on(await self._due(pages_left), pages_left):
            return True
        log.info("sync.sweep_not_worth_it", pages_left=pages_left)
        return False

    async def _is_worth(self, pages: int) -> bool:
        needed = max(sweep.worth_most(pages), _FEWEST)
        return await self._due(needed) >= needed

    async def _due(self, most: int) -> int:
        """Domains, up to `most`, that the next walk could serve."""
        now = self._context.now()
        # An instant ahead of the clock was noted before the clock was put back, and says nothing.
        served = self._served_until if self._served_until <= now else 0
        return await self._context.database.read(
            lambda snapshot: domains.count_due(snapshot, Lane.ROUTINE, served, now, most)
        )

    def _learn(self, page: ListPage) -> int | None:
        """How many pages there are, where Cloudflare says it."""
        if page.total_pages is not None:
            self._pages = page.total_pages
            self._pages_until = asyncio.get_running_loop().time() + _PAGES_KNOWN
        return page.total_pages

    def _known_pages(self) -> int | None:
        return self._pages if asyncio.get_running_loop().time() < self._pages_until else None
