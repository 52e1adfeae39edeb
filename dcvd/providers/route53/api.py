"""The calls of Route 53 that we make (API version 2013-04-01)."""

import re
from typing import Final
from urllib.parse import quote, urlencode

from msgspec import Struct

from dcvd.errors import Retryable
from dcvd.providers.route53.calls import Call
from dcvd.providers.route53.names import absolute, read_name
from dcvd.providers.route53.rrsets import RrSet, change_batch, read_rrset
from dcvd.providers.route53.sigv4 import Scope
from dcvd.providers.route53.xml import Element

PAGE: Final = 100
_SCOPE: Final = Scope("us-east-1", "route53")
_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}", re.ASCII)
_COMMENT: Final = "Written by dcvd"


class HostedZone(Struct, frozen=True, kw_only=True):
    """One hosted zone; `name` as zones have it here."""

    id: str
    name: str
    private: bool


class ZonePage(Struct, frozen=True):
    """Zones in the order of their names; where more follow, the query of the next page."""

    zones: list[HostedZone]
    next: dict[str, str] | None


class SetPage(Struct, frozen=True):
    """Likewise of record sets; `next_name` is the name at which the next page starts."""

    sets: list[RrSet]
    next: dict[str, str] | None
    next_name: str


def list_zones(base: str, query: dict[str, str]) -> Call:
    """ListHostedZonesByName: where to start is no filter."""
    return _get(base, "ListHostedZonesByName", "hostedzonesbyname", {**query, "maxitems": str(PAGE)})


def from_zone(name: str) -> dict[str, str]:
    """The query that starts at a zone."""
    return {"dnsname": absolute(name)}


def get_zone(base: str, zone_id: str) -> Call:
    """GetHostedZone, for its name servers."""
    return _get(base, "GetHostedZone", f"hostedzone/{zone_id}", {})


def list_sets(base: str, zone_id: str, query: dict[str, str]) -> Call:
    """ListResourceRecordSets: likewise."""
    return _get(base, "ListResourceRecordSets", f"hostedzone/{zone_id}/rrset", {**query, "maxitems": str(PAGE)})


def from_name(name: str) -> dict[str, str]:
    """The query that starts at the first set of a name."""
    return {"name": absolute(name)}


def change_sets(base: str, zone_id: str, changes: list[tuple[str, RrSet]]) -> Call:
    """ChangeResourceRecordSets: all of it or nothing."""
    return Call(
        action="route53:ChangeResourceRecordSets",
        method="POST",
        url=f"{base}/2013-04-01/hostedzone/{zone_id}/rrset/",
        scope=_SCOPE,
        body=change_batch(changes, _COMMENT),
        content_type="text/xml",
    )


def get_change(base: str, change_id: str) -> Call:
    """GetChange: whether all of Route 53's servers have it."""
    return _get(base, "GetChange", f"change/{change_id}", {})


def read_zones(root: Element) -> ZonePage:
    """A zone whose id could not stand in a URL is left out."""
    zones = [
        HostedZone(
            id=zone_id,
            name=read_name(zone.text_of("Name")),
            private=zone.text_of("Config", "PrivateZone").lower() == "true",
        )
        for zone in root.all("HostedZones", "HostedZone")
        if _ID.fullmatch(zone_id := zone.text_of("Id").removeprefix("/hostedzone/")) is not None
    ]
    following = None
    if root.text_of("IsTruncated") == "true":
        following = {"dnsname": root.text_of("NextDNSName"), "hostedzoneid": root.text_of("NextHostedZoneId")}
    return ZonePage(zones, following)


def read_name_servers(root: Element) -> frozenset[str]:
    """Those of a zone's delegation set."""
    return frozenset(read_name(server.text) for server in root.all("DelegationSet", "NameServers", "NameServer"))


def read_sets(root: Element) -> SetPage:
    """One page."""
    sets = [read_rrset(found) for found in root.all("ResourceRecordSets", "ResourceRecordSet")]
    if root.text_of("IsTruncated") != "true":
        return SetPage(sets, None, "")
    name = root.text_of("NextRecordName")
    following = {"name": name, "type": root.text_of("NextRecordType")}
    if identifier := root.text_of("NextRecordIdentifier"):
        following["identifier"] = identifier
    return SetPage(sets, following, read_name(name))


def read_change(root: Element) -> tuple[str, bool]:
    """A change's id, and whether it is everywhere. Raises Retryable where the answer names none."""
    change_id = root.text_of("ChangeInfo", "Id").removeprefix("/change/")
    if _ID.fullmatch(change_id) is None:
        raise Retryable("Route 53's answer names no change.", code="provider_unavailable")
    return change_id, root.text_of("ChangeInfo", "Status") == "INSYNC"


def _get(base: str, action: str, path: str, query: dict[str, str]) -> Call:
    url = f"{base}/2013-04-01/{path}"
    if query:
        url += f"?{urlencode(query, quote_via=quote)}"
    return Call(action=f"route53:{action}", method="GET", url=url, scope=_SCOPE)
