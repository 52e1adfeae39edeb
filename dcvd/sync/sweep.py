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
from dcvd.core.instants import to_seconds
from dcvd.core.lifecycle import sweep
from dcvd.core.lifecycle.schedule import CheckLane, choose_lane
from dcvd.custom_hostnames.client import CustomHostnamePage
from dcvd.errors import RemoteError, Retryable, StoreError
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.checks import DomainCheck
from dcvd.store import domains
from dcvd.sync.adaptive_rate import AdaptiveRate
from dcvd.sync.checker import ListedHostname

log = structlog.get_logger(__name__)

_MIN_DUE: Final = 100
"""With fewer due it is not even asked how long the list is."""
_INTERVAL_S: Final = 10.0
_FAILURE_INTERVAL_S: Final = 60.0
"""Seconds from one consideration to the next, and from a walk that a failure ended."""
_TOTAL_PAGES_TTL_S: Final = 3600.0
"""Seconds for which the length of the list is taken as known."""
_PAGES_AHEAD: Final = 3
"""Pages that are asked for before their turn, so that the way to Cloudflare and back costs no time."""
_REVIEW_EVERY_PAGES: Final = 64
_RETRY_DELAYS_S: Final = (1.0, 2.0, 4.0, 8.0)
_PAGE_COST: Final = 3
"""A page takes as much of the processor as so many looks."""
_DOMAINS_PER_STEP: Final = 10
"""Domains compared before others get a turn on the loop."""

EnqueueDomain = Callable[[Domain, ListedHostname, CheckLane], Awaitable[None]]


class HostnameLister(Protocol):
    """Where the pages come from."""

    async def list_page(self, number: int) -> CustomHostnamePage:
        """From 1. Raises RemoteError."""
        ...


class ListSweep:
    """enqueue: takes a domain for its look, and waits while there are enough of them.
    in_flight: the ids of domains that are being looked at, or about to be, at any time.
    on_end: called when `is_active` has ended.
    is_active: a walk is on, or about to be decided; until it is over, what is routine waits for its page.
    """

    def __init__(
        self,
        context: Context,
        lister: HostnameLister,
        rate: AdaptiveRate,
        *,
        enqueue: EnqueueDomain,
        in_flight: Set[str],
        on_end: Callable[[], None],
    ) -> None:
        self.is_active = False
        self._context = context
        self._lister = lister
        self._rate = rate
        self._enqueue = enqueue
        self._in_flight = in_flight
        self._on_end = on_end
        self._request_event = asyncio.Event()
        self._paused_until = 0.0
        self._total_pages: int | None = None
        self._total_pages_until = 0.0
        self._served_until = 0

    def request(self) -> bool:
        """Many looks are due; whether it is decided now if a walk is worth its calls."""
        if not self.is_active and asyncio.get_running_loop().time() >= self._paused_until:
            self.is_active = True
            self._request_event.set()
        return self.is_active

    async def run(self) -> None:
        """Runs until it is cancelled."""
        while True:
            await self._request_event.wait()
            self._request_event.clear()
            rest = _INTERVAL_S
            try:
                await self._sweep_if_worth_it()
            except (RemoteError, StoreError) as error:
                # What was not met is due as it was, and is looked at by calls of its own.
                log.warning("sync.sweep_ended", error=error.message)
                rest = _FAILURE_INTERVAL_S
            self._paused_until = asyncio.get_running_loop().time() + rest
            self.is_active = False
            self._on_end()

    async def _sweep_if_worth_it(self) -> None:
        if not await self._is_worth_starting(self._get_total_pages() or 0):
            return
        began = self._context.now()
        first = await self._lister.list_page(1), began
        pages = self._remember_total_pages(first[0])
        if pages is None or not await self._is_worth_starting(pages):
            return
        log.info("sync.sweep_started", pages=pages)
        walked = await self._walk(first, pages, began)
        # What was due by then and was met on no page is not met on the next walk either.
        self._served_until = began
        log.info("sync.sweep_done", pages=walked, seconds=round(to_seconds(self._context.now() - began), 1))

    async def _walk(self, first_page: tuple[CustomHostnamePage, int], pages: int, started_at: int) -> int:
        """Returns how many pages it went; what is asked for in advance ends with it."""
        await self._process_page(*first_page, started_at)
        ahead: deque[asyncio.Task[tuple[CustomHostnamePage, int]]] = deque()
        number = asked = 1
        try:
            while number < pages:
                while asked < pages and len(ahead) < _PAGES_AHEAD:
                    asked += 1
                    ahead.append(asyncio.create_task(self._fetch_page(asked), name=f"sync.page.{asked}"))
                page, asked_at = await ahead[0]
                ahead.popleft()
                number += 1
                pages = self._remember_total_pages(page) or pages
                if not page.hostnames:
                    break
                await self._process_page(page, asked_at, started_at)
                if number % _REVIEW_EVERY_PAGES == 0 and not await self._is_worth_continuing(pages - number):
                    break
        finally:
            for task in ahead:
                task.cancel()
            if ahead:
                await asyncio.gather(*ahead, return_exceptions=True)
        return number

    async def _process_page(self, page: CustomHostnamePage, asked_at: int, started_at: int) -> None:
        await self._rate.wait_turn(_PAGE_COST)
        seen = {hostname.id: hostname for hostname in page.hostnames}
        # Of those held now what is read may be older than their look, even if that has ended when they are compared.
        held = frozenset(self._in_flight)
        found = await self._context.database.read(lambda snapshot: domains.list_by_cloudflare_ids(snapshot, list(seen)))
        for index, domain in enumerate(found):
            if index % _DOMAINS_PER_STEP == 0:
                await asyncio.sleep(0)
            listed = ListedHostname(seen[domain.cf_id or ""], asked_at)
            if listed.cloudflare_hostname.hostname == domain.name and domain.id not in held:
                await self._compare(domain, listed, started_at)

    async def _compare(self, domain: Domain, listed: ListedHostname, started_at: int) -> None:
        now = self._context.now()
        if domain.cf_checked_at is not None and listed.asked_at <= domain.cf_checked_at <= now:
            return
        news = sweep.has_changed(domain, listed.cloudflare_hostname, now, self._context.rules)
        match choose_lane(domain):
            case CheckLane.FAILING:
                # Its look would take its time; what the page says need not wait for that.
                if news:
                    await checks.record_many(
                        self._context, [DomainCheck(domain.id, [listed.cloudflare_hostname], listed.asked_at)]
                    )
            case CheckLane.WAITING as kind:
                if news:
                    await self._enqueue(domain, listed, kind)
            case CheckLane.ROUTINE as kind:
                interval = self._context.config.sync.active_interval
                if news or sweep.may_check(domain, now, started_at, interval):
                    await self._enqueue(domain, listed, kind)

    async def _fetch_page(self, number: int) -> tuple[CustomHostnamePage, int]:
        """A page and when it was asked for; one that cannot be had is asked for again some times."""
        for delay in _RETRY_DELAYS_S:
            asked_at = self._context.now()
            try:
                return await self._lister.list_page(number), asked_at
            except Retryable as error:
                log.warning("sync.page_failed", page=number, error=error.message, retry_s=delay)
                await asyncio.sleep(delay)
        asked_at = self._context.now()
        return await self._lister.list_page(number), asked_at

    async def _is_worth_continuing(self, pages_left: int) -> bool:
        if sweep.is_worth_continuing(await self._count_due(pages_left), pages_left):
            return True
        log.info("sync.sweep_not_worth_it", pages_left=pages_left)
        return False

    async def _is_worth_starting(self, pages: int) -> bool:
        needed = max(sweep.fewest_due_to_start(pages), _MIN_DUE)
        return await self._count_due(needed) >= needed

    async def _count_due(self, limit: int) -> int:
        """Domains, up to `limit`, that the next walk could serve."""
        now = self._context.now()
        # An instant ahead of the clock was noted before the clock was put back, and says nothing.
        served = self._served_until if self._served_until <= now else 0
        return await self._context.database.read(
            lambda snapshot: domains.count_due(snapshot, CheckLane.ROUTINE, served, now, limit)
        )

    def _remember_total_pages(self, page: CustomHostnamePage) -> int | None:
        """How many pages there are, where Cloudflare says it."""
        if page.total_pages is not None:
            self._total_pages = page.total_pages
            self._total_pages_until = asyncio.get_running_loop().time() + _TOTAL_PAGES_TTL_S
        return page.total_pages

    def _get_total_pages(self) -> int | None:
        return self._total_pages if asyncio.get_running_loop().time() < self._total_pages_until else None
