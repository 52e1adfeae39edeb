"""Looks hostnames up: all that DNS says of one, within a bounded time."""

import asyncio
import secrets
from collections.abc import Callable

import structlog

from dcvd.config import Config
from dcvd.core.domains.dns_facts import DnsFacts, DnsObservation, DnsQuestion
from dcvd.dns.authority.delegation import Delegations
from dcvd.dns.checks.hostname_check import Look, Parts
from dcvd.dns.checks.zone_reader import Zones
from dcvd.dns.messages.names import parse
from dcvd.dns.queries.budget import Exhausted
from dcvd.dns.queries.cache import Cache
from dcvd.dns.queries.client import Asker
from dcvd.dns.queries.lookup import Lookup
from dcvd.dns.queries.reachability import Routes
from dcvd.dns.queries.server_health import Health
from dcvd.dns.queries.slots import Slots
from dcvd.dns.queries.sources import Sources

log = structlog.get_logger(__name__)


def _random_label() -> str:
    return f"x{secrets.token_hex(6)}"


class DnsObserver:
    """Bounded in time for a domain (`dns.timeout`) and in questions under way at once (`dns.concurrency`).

    random_label gives the label beside a hostname that only a wildcard answers. One observer serves the whole process:
    what it remembers of servers and answers is what keeps looks cheap. `zones` asks about zones through the same.
    """

    def __init__(self, config: Config, *, random_label: Callable[[], str] = _random_label) -> None:
        routes, cache = Routes(), Cache()
        self._slots = Slots(config.dns.concurrency)
        asker = Asker(config.dns, self._slots, Health(), routes)
        lookup = Lookup(asker, cache)
        self._timeout = config.dns.timeout / 1000
        self._parts = Parts(
            config=config.dns,
            asker=asker,
            lookup=lookup,
            delegations=Delegations(asker, cache, lookup, routes),
            routes=routes,
            sources=Sources.of(config.dns),
            random_label=random_label,
        )
        self.zones = Zones(self._parts, self._slots, self._timeout)

    async def observe(self, question: DnsQuestion) -> DnsObservation:
        """One check of a hostname (A-labels). Never raises: what was not seen in time is missing from the facts."""
        name, target = parse(question.hostname), parse(question.target)
        if name is None or target is None:
            return _nothing(question)
        look = Look(question, name, target, self._parts)
        try:
            with self._slots.look():
                async with asyncio.timeout(self._timeout):
                    await look.run()
        except TimeoutError:
            log.debug("dns.look_ran_out_of_time", hostname=question.hostname)
        except Exception as error:
            if not (isinstance(error, ExceptionGroup) and error.split(Exhausted)[1] is None):
                # Answers come from whoever owns the zone: one that breaks us must cost nothing but its own look.
                log.exception("dns.look_broke", hostname=question.hostname)
                return _nothing(question)
            log.info("dns.look_too_expensive", hostname=question.hostname)
        return DnsObservation(look.facts())


def _nothing(question: DnsQuestion) -> DnsObservation:
    return DnsObservation(DnsFacts(hostname=question.hostname, target=question.target, outcome="unanswered"))
