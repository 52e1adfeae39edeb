"""Looks a hostname up: its CNAME chain, and what stands there instead where there is none."""

import asyncio

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import structlog

from dcvd.config import Config
from dcvd.core.diagnosis import LONGEST_CHAIN
from dcvd.core.dns_facts import DnsFacts, DnsObservation, DnsQuestion
from dcvd.dns.ask import Unanswered, addresses_of, ask, cname_of, targets_of, zone_of
from dcvd.dns.servers import PATIENCE, ServerFinder

log = structlog.get_logger(__name__)


class DnsObserver:
    """Bounded in time for a domain (`dns.timeout`) and in questions under way at once (`dns.concurrency`)."""

    def __init__(self, config: Config) -> None:
        self._timeout = config.dns.timeout / 1000
        self._questions = asyncio.Semaphore(config.dns.concurrency)
        self._finder = ServerFinder(config.dns)

    async def observe(self, question: DnsQuestion) -> DnsObservation:
        """One check of a hostname (A-labels). Never raises: what cannot be asked is `unanswered`."""
        hostname, target = question.hostname, question.target
        try:
            async with asyncio.timeout(self._timeout):
                return DnsObservation(await self._facts(hostname, target))
        except (TimeoutError, Unanswered):
            pass
        except Exception:
            # Answers come from whoever owns the zone: one that breaks us must cost nothing but its own look.
            log.exception("dns.look_broke", hostname=hostname)
        return DnsObservation(DnsFacts(hostname=hostname, target=target, outcome="unanswered"))

    async def _facts(self, hostname: str, target: str) -> DnsFacts:
        name = dns.name.from_text(hostname)
        chain: list[str] = []
        passed = {name}
        first = await self._ask(name, dns.rdatatype.CNAME)
        step = cname_of(first, name)
        while step is not None and len(chain) <= LONGEST_CHAIN:
            chain.append(_text(step))
            if chain[-1] == target:
                break
            if step in passed:
                return DnsFacts(
                    hostname=hostname, target=target, outcome="answered", exists=True, chain=tuple(chain), looped=True
                )
            passed.add(step)
            try:
                step = cname_of(await self._ask(step, dns.rdatatype.CNAME), step)
            except Unanswered:
                # Somebody else's zone does not answer; the chain up to there is what was seen.
                break
        if chain:
            return DnsFacts(hostname=hostname, target=target, outcome="answered", exists=True, chain=tuple(chain))
        return await self._without_cname(name, hostname, target, first)

    async def _without_cname(
        self, name: dns.name.Name, hostname: str, target: str, answer: dns.message.Message
    ) -> DnsFacts:
        zone = zone_of(answer)
        exists = answer.rcode() == dns.rcode.NOERROR
        addresses: list[str] = []
        target_addresses: list[str] = []
        nameservers: list[str] = []
        if exists:
            addresses = await self._addresses(name)
        if addresses:
            target_addresses = await self._addresses(dns.name.from_text(target))
            if zone is not None:
                nameservers = [_text(ns) for ns in targets_of(await self._ask(zone, dns.rdatatype.NS), zone)]
        return DnsFacts(
            hostname=hostname,
            target=target,
            outcome="answered",
            exists=exists,
            addresses=tuple(sorted(addresses)),
            target_addresses=tuple(sorted(target_addresses)),
            is_apex=zone == name,
            nameservers=tuple(sorted(nameservers)),
        )

    async def _addresses(self, name: dns.name.Name) -> list[str]:
        found: list[str] = []
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            found.extend(addresses_of(await self._ask(name, kind)))
        return found

    async def _ask(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.message.Message:
        for servers in await self._finder.for_name(name):
            try:
                async with self._questions, asyncio.timeout(None if servers.recurse else PATIENCE):
                    return await ask(name, kind, servers.addresses, recurse=servers.recurse)
            except (Unanswered, TimeoutError):
                continue
        raise Unanswered


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
