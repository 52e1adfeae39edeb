"""Looks hostnames up: all that DNS says of one, within a bounded time."""

import asyncio
import secrets
from collections.abc import Callable

import structlog

from dcvd.config import Config
from dcvd.core.domains.dns_facts import DnsCheckRequest, DnsFacts, DnsObservation
from dcvd.core.instants import to_seconds
from dcvd.dns.authority.delegation import DelegationFinder
from dcvd.dns.checks.hostname_check import DnsServices, HostnameCheck
from dcvd.dns.checks.zone_reader import ZoneReader
from dcvd.dns.messages.names import parse_name
from dcvd.dns.queries.budget import QueryBudgetExhausted
from dcvd.dns.queries.cache import ReplyCache
from dcvd.dns.queries.client import DnsClient
from dcvd.dns.queries.lookup import RecordLookup
from dcvd.dns.queries.reachability import Reachability
from dcvd.dns.queries.server_health import DnsServerHealth
from dcvd.dns.queries.slots import QuerySlots
from dcvd.dns.queries.sources import AnswerSources

log = structlog.get_logger(__name__)


def _make_random_label() -> str:
    return f"x{secrets.token_hex(6)}"


class DnsObserver:
    """Bounded in time for a domain (`dns.timeout`) and in questions under way at once (`dns.concurrency`).

    random_label gives the label beside a hostname that only a wildcard answers. One observer serves the whole process:
    what it remembers of servers and answers is what keeps looks cheap. `zones` asks about zones through the same.
    """

    def __init__(self, config: Config, *, make_random_label: Callable[[], str] = _make_random_label) -> None:
        routes, cache = Reachability(), ReplyCache()
        self._slots = QuerySlots(config.dns.concurrency)
        asker = DnsClient(config.dns, self._slots, DnsServerHealth(), routes)
        lookup = RecordLookup(asker, cache)
        self._timeout_s = to_seconds(config.dns.timeout)
        self._services = DnsServices(
            config=config.dns,
            client=asker,
            lookup=lookup,
            delegation_finder=DelegationFinder(asker, cache, lookup, routes),
            reachability=routes,
            sources=AnswerSources.from_config(config.dns),
            make_random_label=make_random_label,
        )
        self.zones = ZoneReader(self._services, self._slots, self._timeout_s)

    async def observe(self, request: DnsCheckRequest) -> DnsObservation:
        """One check of a hostname (A-labels). Never raises: what was not seen in time is missing from the facts."""
        name, target = parse_name(request.hostname), parse_name(request.target)
        if name is None or target is None:
            return _empty_observation(request)
        look = HostnameCheck(request, name, target, self._services)
        try:
            with self._slots.track_check():
                async with asyncio.timeout(self._timeout_s):
                    await look.run()
        except TimeoutError:
            log.debug("dns.look_ran_out_of_time", hostname=request.hostname)
        except Exception as error:
            if not (isinstance(error, ExceptionGroup) and error.split(QueryBudgetExhausted)[1] is None):
                # Answers come from whoever owns the zone: one that breaks us must cost nothing but its own look.
                log.exception("dns.look_broke", hostname=request.hostname)
                return _empty_observation(request)
            log.info("dns.look_too_expensive", hostname=request.hostname)
        return DnsObservation(look.to_facts())


def _empty_observation(request: DnsCheckRequest) -> DnsObservation:
    return DnsObservation(DnsFacts(hostname=request.hostname, target=request.target, outcome="unanswered"))
