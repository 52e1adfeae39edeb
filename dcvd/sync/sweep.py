"""Sweep through Cloudflare's list, one call for 50 hostnames, when more checks are due than the sweep takes calls.

A domain that is due, or soon will be, is checked with what its page says, and an unchanged one costs nothing. A due
domain that is on no page is left to a call of its own, because pages shift. A sweep keeps nothing but its position.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Set
from typing import Final, Protocol

import structlog
from msgspec import Struct

from dcvd.core.domains.domain import Domain
from dcvd.core.instants import to_seconds
from dcvd.core.lifecycle import sweep
from dcvd.core.lifecycle.schedule import CheckLane, choose_lane
from dcvd.custom_hostnames.wire import CustomHostnamePage
from dcvd.errors import RemoteError, Retryable, StoreError
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.checks import DomainCheck
from dcvd.store import domains
from dcvd.sync.adaptive_rate import AdaptiveRate
from dcvd.sync.checker import ListedHostname

log = structlog.get_logger(__name__)

_MIN_DUE: Final = 100
"""With fewer due domains, Cloudflare is not even asked how long the list is."""
_TOTAL_PAGES_TTL_S: Final = 3600.0
"""Seconds for which the length of the list is taken as known."""
_PAGES_AHEAD: Final = 3
"""Pages that are requested in advance, so that the time to Cloudflare and back costs nothing."""
_REVIEW_EVERY_PAGES: Final = 64
_PAGE_COST: Final = 3
"""A page takes as much processor time as so many checks."""
_DOMAINS_PER_STEP: Final = 10
"""Domains that are compared before other tasks get a turn on the loop."""


class SweepTiming(Struct, frozen=True, kw_only=True):
    """Seconds until the next sweep is considered, normally and after one that failed, and before each repeated request
    of a page."""

    interval_s: float = 10.0
    failure_interval_s: float = 60.0
    retry_delays_s: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)


EnqueueDomain = Callable[[Domain, ListedHostname, CheckLane], Awaitable[None]]


class HostnameLister(Protocol):
    """Lists Cloudflare's custom hostnames, page by page."""

    async def list_page(self, number: int) -> CustomHostnamePage:
        """Return a page; the first is number 1. Raises RemoteError."""
        ...


class ListSweep:
    """Sweeps through the list when that is worth its calls, and queues the domains that need a check.

    enqueue: queues a domain for its check, and waits while the queue is full.
    in_flight: the ids of domains that are being checked or are queued; the owner keeps it up to date.
    on_end: called when `is_active` has become false.
    is_active: a sweep runs, or is being considered; until it has ended, routine domains wait for their page.
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
        timing: SweepTiming,
    ) -> None:
        self.is_active = False
        self._context = context
        self._lister = lister
        self._rate = rate
        self._enqueue = enqueue
        self._in_flight = in_flight
        self._on_end = on_end
        self._timing = timing
        self._request_event = asyncio.Event()
        self._paused_until = 0.0
        self._total_pages: int | None = None
        self._total_pages_until = 0.0
        self._served_until = 0

    def request(self) -> bool:
        """Request a sweep, because many checks are due; return whether one runs or is being considered now."""
        if not self.is_active and asyncio.get_running_loop().time() >= self._paused_until:
            self.is_active = True
            self._request_event.set()
        return self.is_active

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            await self._request_event.wait()
            self._request_event.clear()
            pause_s = self._timing.interval_s
            try:
                await self._sweep_if_worth_it()
            except (RemoteError, StoreError) as error:
                # Domains that the sweep did not reach are still due, and are checked by calls of their own.
                log.warning("sync.sweep_ended", error=error.message)
                pause_s = self._timing.failure_interval_s
            self._paused_until = asyncio.get_running_loop().time() + pause_s
            self.is_active = False
            self._on_end()

    async def _sweep_if_worth_it(self) -> None:
        if not await self._is_worth_starting(self._get_total_pages() or 0):
            return
        started_at = self._context.now()
        first_page = await self._lister.list_page(1), started_at
        pages = self._remember_total_pages(first_page[0])
        if pages is None or not await self._is_worth_starting(pages):
            return
        log.info("sync.sweep_started", pages=pages)
        page_count = await self._walk(first_page, pages, started_at)
        # A domain that was due by then and is on no page will not be on a page of the next sweep either.
        self._served_until = started_at
        log.info("sync.sweep_done", pages=page_count, seconds=round(to_seconds(self._context.now() - started_at), 1))

    async def _walk(self, first_page: tuple[CustomHostnamePage, int], pages: int, started_at: int) -> int:
        """Process the pages, and return how many were processed. Requests made in advance are cancelled at the end."""
        await self._process_page(*first_page, started_at)
        tasks: deque[asyncio.Task[tuple[CustomHostnamePage, int]]] = deque()
        number = requested = 1
        try:
            while number < pages:
                while requested < pages and len(tasks) < _PAGES_AHEAD:
                    requested += 1
                    tasks.append(asyncio.create_task(self._fetch_page(requested), name=f"sync.page.{requested}"))
                page, asked_at = await tasks[0]
                tasks.popleft()
                number += 1
                pages = self._remember_total_pages(page) or pages
                if not page.hostnames:
                    break
                await self._process_page(page, asked_at, started_at)
                if number % _REVIEW_EVERY_PAGES == 0 and not await self._is_worth_continuing(pages - number):
                    break
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.gather(*tasks, return_exceptions=True)
        return number

    async def _process_page(self, page: CustomHostnamePage, asked_at: int, started_at: int) -> None:
        await self._rate.wait_turn(_PAGE_COST)
        hostnames_by_id = {hostname.id: hostname for hostname in page.hostnames}
        # What is read of domains in flight may be older than their check, even if that has ended before the comparison.
        in_flight_ids = frozenset(self._in_flight)
        listed_domains = await self._context.database.read(
            lambda snapshot: domains.list_by_cloudflare_ids(snapshot, list(hostnames_by_id))
        )
        for index, domain in enumerate(listed_domains):
            if index % _DOMAINS_PER_STEP == 0:
                await asyncio.sleep(0)
            listed = ListedHostname(hostnames_by_id[domain.cf_id or ""], asked_at)
            if listed.cloudflare_hostname.hostname == domain.name and domain.id not in in_flight_ids:
                await self._compare(domain, listed, started_at)

    async def _compare(self, domain: Domain, listed: ListedHostname, started_at: int) -> None:
        now = self._context.now()
        if domain.cf_checked_at is not None and listed.asked_at <= domain.cf_checked_at <= now:
            return
        has_changed = sweep.has_changed(domain, listed.cloudflare_hostname, now, self._context.rules)
        match choose_lane(domain):
            case CheckLane.FAILING:
                # Its check would take long; what the page says need not wait for that.
                if has_changed:
                    await checks.record_many(
                        self._context, [DomainCheck(domain.id, [listed.cloudflare_hostname], listed.asked_at)]
                    )
            case CheckLane.WAITING as lane:
                if has_changed:
                    await self._enqueue(domain, listed, lane)
            case CheckLane.ROUTINE as lane:
                interval = self._context.config.sync.active_interval
                if has_changed or sweep.may_check(domain, now, started_at, interval):
                    await self._enqueue(domain, listed, lane)

    async def _fetch_page(self, number: int) -> tuple[CustomHostnamePage, int]:
        """Fetch a page, and return it with the instant of the request; a failed request is repeated a few times."""
        for delay in self._timing.retry_delays_s:
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
        """Count the due domains, up to `limit`, that the next sweep could reach: the others are on no page."""
        now = self._context.now()
        # An instant ahead of the clock was noted before the clock was set back, and means nothing.
        served_until = self._served_until if self._served_until <= now else 0
        return await self._context.database.read(
            lambda snapshot: domains.count_due_at_cloudflare(snapshot, served_until, now, limit)
        )

    def _remember_total_pages(self, page: CustomHostnamePage) -> int | None:
        """Remember and return the number of pages; None where Cloudflare does not say it."""
        if page.total_pages is not None:
            self._total_pages = page.total_pages
            self._total_pages_until = asyncio.get_running_loop().time() + _TOTAL_PAGES_TTL_S
        return page.total_pages

    def _get_total_pages(self) -> int | None:
        return self._total_pages if asyncio.get_running_loop().time() < self._total_pages_until else None
