"""Examine what dcvd needs of the network: resolvers, the clock of others, and DNS64."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv6Network
from typing import Final

from dcvd.cli.setup.findings import Finding
from dcvd.config import Config
from dcvd.core.addresses import IPV4ONLY_NAME, WELL_KNOWN_NAT64, find_nat64_prefixes
from dcvd.core.clock_discipline import is_far_apart
from dcvd.dns import DnsObserver
from dcvd.kit.egress.control import ControlServer
from dcvd.kit.egress.system_resolver import SystemResolver
from dcvd.services.trust_stores import TrustStores

_TIMEOUT_S: Final = 5.0
_SLOW_MS: Final = 1_000


async def examine_outside(config: Config, trust_stores: TrustStores) -> list[Finding]:
    """Examine the resolvers, the clock, and whether this network translates addresses."""
    return list(
        await asyncio.gather(_examine_resolvers(config), _examine_clock(config, trust_stores), _examine_dns64(config))
    )


async def _examine_resolvers(config: Config) -> Finding:
    measured = await DnsObserver(config).measure_resolvers()
    told = ", ".join(f"{resolver} {'is silent' if ms is None else f'answers in {ms} ms'}" for resolver, ms in measured)
    silent = [resolver for resolver, ms in measured if ms is None]
    advice = "change dns.resolvers, or let dcvd reach them"
    if len(silent) == len(measured):
        return Finding("resolvers", "failing", f"{told}: {advice}.")
    if silent:
        return Finding("resolvers", "unknown", f"{told}: checks wait for those that are silent; {advice}.")
    slow = [ms for _, ms in measured if ms is not None and ms > _SLOW_MS]
    return Finding("resolvers", "ok", f"{told}.{' That is slow.' if slow else ''}")


async def _examine_clock(config: Config, trust_stores: TrustStores) -> Finding:
    """Hold the clock against that of Cloudflare, as the daemon does."""
    url = config.cloudflare.base_url
    control = ControlServer(lambda: url, get_trust=lambda: trust_stores.system)
    ahead_ms = (await control.ask_for_time()).ahead_ms
    if ahead_ms is None:
        return Finding("clock", "unknown", f"{url} did not say what time it is: see that it can be reached.")
    message = f"It differs by {abs(ahead_ms) / 1000:.0f} s from that of {url}."
    if is_far_apart(ahead_ms):
        return Finding("clock", "failing", f"{message} Set it, and have NTP keep it.")
    return Finding("clock", "ok", message)


async def _examine_dns64(config: Config) -> Finding:
    """Ask this machine's resolver, by which webhooks find their receivers, whether it makes up IPv6 addresses."""
    part = "DNS64"
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            prefixes = find_nat64_prefixes(await SystemResolver(1).resolve(IPV4ONLY_NAME, owner="doctor"))
    except TimeoutError:
        return Finding(part, "unknown", f"This machine's resolver does not tell of {IPV4ONLY_NAME}: see resolv.conf.")
    except OSError as error:
        if isinstance(error, socket.gaierror) and error.errno in (socket.EAI_NONAME, socket.EAI_NODATA):
            prefixes = []
        else:
            return Finding(
                part, "unknown", f"This machine's resolver does not tell of {IPV4ONLY_NAME}: {error.strerror or error}."
            )
    return judge_dns64(prefixes, config.webhooks.nat64_prefix)


def judge_dns64(prefixes: Sequence[IPv6Network], configured: IPv6Network | None) -> Finding:
    """Judge the prefixes of the network's NAT64, behind which an IPv6 address may lead to a private IPv4 one."""
    part = "DNS64"
    others = [prefix for prefix in prefixes if prefix not in (WELL_KNOWN_NAT64, configured)]
    if others:
        return Finding(
            part,
            "failing",
            f"This network translates {others[0]} to IPv4, and webhooks could reach private addresses by it: set "
            f'webhooks.nat64_prefix = "{others[0]}".',
        )
    if configured is not None and configured not in prefixes:
        return Finding(
            part,
            "unknown",
            f"webhooks.nat64_prefix is {configured}, and this machine's resolver shows no such DNS64: see whether that "
            "is still so.",
        )
    if prefixes:
        return Finding(part, "ok", f"This network translates {', '.join(map(str, prefixes))}, which dcvd knows.")
    return Finding(part, "ok", "This network has no DNS64.")
