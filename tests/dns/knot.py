"""Knot DNS: a real authoritative server."""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import dns.asyncquery
import dns.dnssec
import dns.message
import dns.name
import dns.rdatatype

from dcvd.config import SocketAddress
from dcvd.core.connections.credentials import TsigKey
from tests.dns.programs import free_address, program, running

HEAD = "@ SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 60\n@ NS ns.{zone}.\nns A 192.0.2.53\n"
"""What a zone begins with that brings no SOA of its own; its name server is in no network."""


def whole(zone: str, text: str) -> str:
    """The text of a zone file with an SOA and an NS record, where it has none. TTLs are 60 where they are not given."""
    lines = re.sub(r"^[ \t]+(?=\S)", "", text, flags=re.MULTILINE)
    return lines if re.search(r"\bSOA\b", lines) else HEAD.format(zone=zone) + lines


@asynccontextmanager
async def knot(
    directory: Path,
    zones: Mapping[str, str],
    *,
    address: SocketAddress | None = None,
    broken: Collection[str] = (),
    truncating: Collection[str] = (),
    signed: Collection[str] = (),
    updates: TsigKey | None = None,
) -> AsyncIterator[SocketAddress]:
    """Serves `zones` (zone → its file's text; see `whole`) and refuses all other names.

    broken: zones whose file is missing, which are SERVFAIL. truncating: zones whose every UDP answer is cut (TC).
    signed: zones that it signs itself. updates: a key that may change CNAME, A, AAAA and TXT records of every zone.
    """
    knotd = program("knotd")
    address = address or free_address()
    home = directory / f"knot-{address.host}-{address.port}"
    (home / "db").mkdir(parents=True)
    for zone, text in zones.items():
        (home / f"{zone}.zone").write_text("$TTL 60\n" + whole(zone, text))
    configuration = home / "knot.conf"
    configuration.write_text(_configuration(home, address, zones, broken, truncating, signed, updates))
    async with running([knotd, "-c", str(configuration)], home, address):
        yield address


async def trust_anchor(zone: str, address: SocketAddress) -> str:
    """The DS record of a signed zone, as a validating resolver's trust anchor."""
    query = dns.message.make_query(zone, dns.rdatatype.DNSKEY)
    answer, _ = await dns.asyncquery.udp_with_fallback(query, address.host, port=address.port, timeout=60)
    (keys,) = (rrset for rrset in answer.answer if rrset.rdtype is dns.rdatatype.DNSKEY)
    digest = dns.dnssec.make_ds(dns.name.from_text(zone), keys[0], "SHA256")
    return f"{zone}. DS {digest.to_text()}"


def _configuration(
    home: Path,
    address: SocketAddress,
    zones: Mapping[str, str],
    broken: Collection[str],
    truncating: Collection[str],
    signed: Collection[str],
    updates: TsigKey | None,
) -> str:
    lines = [
        "server:",
        f"  listen: {address.host}@{address.port}",
        f"  rundir: {home}",
        "  udp-workers: 1",
        "  tcp-workers: 1",
        "  background-workers: 1",
        "database:",
        f"  storage: {home}/db",
        *([] if updates is None else _update_rights(updates)),
        "policy:",
        "  - id: single",
        "    single-type-signing: on",
        "    nsec3: off",
        "template:",
        "  - id: default",
        f"    storage: {home}",
        '    file: "%s.zone"',
        "    zonefile-sync: -1",
        "    zonefile-load: whole",
        "    journal-content: none",
        "zone:",
    ]
    for zone in [*zones, *broken]:
        lines.append(f"  - domain: {zone}")
        if zone in truncating:
            lines.append("    module: mod-noudp")
        if zone in signed:
            lines += ["    dnssec-signing: on", "    dnssec-policy: single"]
        if updates is not None:
            lines.append("    acl: updates")
    return "\n".join(lines) + "\n"


def _update_rights(key: TsigKey) -> list[str]:
    return [
        "key:",
        f"  - id: {key.key_name}",
        f"    algorithm: {key.algorithm}",
        f"    secret: {key.secret.reveal()}",
        "acl:",
        "  - id: updates",
        f"    key: {key.key_name}",
        "    action: update",
        "    update-type: [CNAME, A, AAAA, TXT]",
        "  - id: queries",
        "    action: query",
    ]
