"""Observe hostnames: everything that DNS says about one, within a bounded time."""

import asyncio
import secrets
import time
from collections.abc import Callable

import structlog

from dcvd.config import Config, SocketAddress
from dcvd.core.dns.facts import DnsCheckRequest, DnsFacts, DnsObservation
from dcvd.core.instants import to_milliseconds, to_seconds
from dcvd.dns.checks.hostname_check import DnsServices, HostnameCheck
from dcvd.dns.checks.zone_reader import ZoneReader
from dcvd.dns.messages.names import parse_name
from dcvd.dns.queries.budget import MAX_QUERIES, QueryBudget, QueryBudgetExhausted
from dcvd.dns.queries.cache import ReplyCache
from dcvd.dns.queries.client import DnsClient
from dcvd.dns.queries.reachability import Reachability
from dcvd.dns.queries.server_health import DnsServerHealth
from dcvd.dns.queries.slots import QuerySlots
from dcvd.dns.queries.sources import AnswerSources
from dcvd.errors import OwnLimitReached

log = structlog.get_logger(__name__)


def _make_random_label() -> str:
    return f"x{secrets.token_hex(6)}"


class DnsObserver:
    """Checks hostnames in DNS, within limits of time (`dns.timeout`) and of queries in flight (`dns.concurrency`).

    One observer serves the whole process: checks are cheap because it remembers servers and answers.
    make_random_label: makes a label that a zone answers only by a wildcard. zones: reads zones within the same limits.
    reachability: which of the name servers found in DNS are asked; else those with public addresses.
    max_queries: the most that one check may send.
    """

    def __init__(
        self,
        config: Config,
        *,
        make_random_label: Callable[[], str] = _make_random_label,
        monotonic: Callable[[], float] = time.monotonic,
        reachability: Reachability | None = None,
        max_queries: int = MAX_QUERIES,
    ) -> None:
        reachability = reachability or Reachability(monotonic)
        self._slots = QuerySlots(config.dns.concurrency)
        self._timeout_s = to_seconds(config.dns.timeout)
        self._services = DnsServices(
            config=config.dns,
            client=DnsClient(config.dns, self._slots, DnsServerHealth(monotonic), reachability),
            cache=ReplyCache(monotonic),
            reachability=reachability,
            sources=AnswerSources.from_config(config.dns),
            make_random_label=make_random_label,
            max_queries=max_queries,
        )
        self.zones = ZoneReader(self._services, self._slots, self._timeout_s)

    async def can_resolve(self) -> bool:
        """Whether one of the configured resolvers answers now. Never raises."""
        budget = QueryBudget(".", bypass_cache=True)
        try:
            async with asyncio.timeout(self._timeout_s):
                for resolver in self._services.sources.resolvers.servers:
                    if await self._services.client.check_resolver(resolver, budget):
                        return True
        except (TimeoutError, QueryBudgetExhausted, OwnLimitReached):
            pass
        return False

    async def measure_resolvers(self) -> list[tuple[SocketAddress, int | None]]:
        """Ask each of the configured resolvers; return in how many milliseconds it answered, None where it did not."""
        resolvers = self._services.sources.resolvers.servers
        return list(await asyncio.gather(*map(self._measure_resolver, resolvers)))

    async def _measure_resolver(self, resolver: SocketAddress) -> tuple[SocketAddress, int | None]:
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                answers = await self._services.client.check_resolver(resolver, QueryBudget(".", bypass_cache=True))
        except (TimeoutError, QueryBudgetExhausted, OwnLimitReached):
            answers = False
        return resolver, to_milliseconds(time.monotonic() - began_s) if answers else None

    async def observe(self, request: DnsCheckRequest) -> DnsObservation:
        """Check a hostname (A-labels) once. Never raises: what was not learned in time is missing from the facts."""
        name, target = parse_name(request.hostname), parse_name(request.target)
        if name is None or target is None:
            return _empty_observation(request)
        check = HostnameCheck(request, name, target, self._services)
        try:
            with self._slots.track_check():
                async with asyncio.timeout(self._timeout_s):
                    await check.run()
        except TimeoutError:
            log.debug("dns.look_ran_out_of_time", hostname=request.hostname)
        except Exception as error:
            if isinstance(error, ExceptionGroup) and (own_limits := error.split(OwnLimitReached)[0]) is not None:
                # What was learned besides may be wrong: other servers may be missing for the same reason.
                log.warning("dns.own_limit", hostname=request.hostname, error=str(own_limits.exceptions[0]))
                return _empty_observation(request)
            if not (isinstance(error, ExceptionGroup) and error.split(QueryBudgetExhausted)[1] is None):
                # The owner of a zone controls the answers: one that breaks our code must cost only its own check.
                log.exception("dns.look_broke", hostname=request.hostname)
                return _empty_observation(request)
            log.info("dns.look_too_expensive", hostname=request.hostname)
        return check.to_observation()


def _empty_observation(request: DnsCheckRequest) -> DnsObservation:
    return DnsObservation(DnsFacts(hostname=request.hostname, target=request.target, outcome="unanswered"))
