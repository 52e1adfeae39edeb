"""Build the calls of Route 53 that we make, and read their answers (API version 2013-04-01)."""

import re
from typing import Final
from urllib.parse import quote, urlencode

from msgspec import Struct

from dcvd.errors import Retryable
from dcvd.providers.route53.calls import AwsCall
from dcvd.providers.route53.names import read_name
from dcvd.providers.route53.rrsets import RrSet, build_change_batch, read_rrset
from dcvd.providers.route53.sigv4 import CredentialScope
from dcvd.providers.route53.xml import Element

PAGE_SIZE: Final = 100
_SCOPE: Final = CredentialScope("us-east-1", "route53")
_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}", re.ASCII)
_COMMENT: Final = "Written by dcvd"


class HostedZone(Struct, frozen=True, kw_only=True):
    """One hosted zone; `name` is lower case, without the final dot."""

    id: str
    name: str
    private: bool


def build_list_zones(base_url: str, query: dict[str, str]) -> AwsCall:
    """Build ListHostedZonesByName; `query` (`dnsname`) says where the list starts, and does not filter it."""
    return _build_get(base_url, "ListHostedZonesByName", "hostedzonesbyname", {**query, "maxitems": str(PAGE_SIZE)})


def build_get_zone(base_url: str, zone_id: str) -> AwsCall:
    """Build GetHostedZone, which names the zone's name servers."""
    return _build_get(base_url, "GetHostedZone", f"hostedzone/{zone_id}", {})


def build_list_sets(base_url: str, zone_id: str, query: dict[str, str]) -> AwsCall:
    """Build ListResourceRecordSets; `query` (`name`) says where the list starts, and does not filter it."""
    return _build_get(
        base_url, "ListResourceRecordSets", f"hostedzone/{zone_id}/rrset", {**query, "maxitems": str(PAGE_SIZE)}
    )


def build_change_sets(base_url: str, zone_id: str, changes: list[tuple[str, RrSet]]) -> AwsCall:
    """Build ChangeResourceRecordSets, which makes all changes or none."""
    return AwsCall(
        action="route53:ChangeResourceRecordSets",
        method="POST",
        url=f"{base_url}/2013-04-01/hostedzone/{zone_id}/rrset/",
        scope=_SCOPE,
        body=build_change_batch(changes, _COMMENT),
        content_type="text/xml",
    )


def build_get_change(base_url: str, change_id: str) -> AwsCall:
    """Build GetChange, which says whether all of Route 53's servers have the change."""
    return _build_get(base_url, "GetChange", f"change/{change_id}", {})


def read_zones(root: Element) -> tuple[list[HostedZone], dict[str, str] | None]:
    """Return zones in the order of their names, and the query for the next page, if there is one.

    Zones whose id could not stand in a URL are left out.
    """
    zones = [
        HostedZone(
            id=zone_id,
            name=read_name(zone.find_text("Name")),
            private=zone.find_text("Config", "PrivateZone").lower() == "true",
        )
        for zone in root.find_all("HostedZones", "HostedZone")
        if _ID.fullmatch(zone_id := zone.find_text("Id").removeprefix("/hostedzone/")) is not None
    ]
    next_query = None
    if root.find_text("IsTruncated") == "true":
        next_query = {"dnsname": root.find_text("NextDNSName"), "hostedzoneid": root.find_text("NextHostedZoneId")}
    return zones, next_query


def read_name_servers(root: Element) -> tuple[str, ...]:
    """Return the name servers of a zone's delegation set."""
    return tuple(read_name(server.text) for server in root.find_all("DelegationSet", "NameServers", "NameServer"))


def read_sets(root: Element) -> tuple[list[RrSet], dict[str, str] | None]:
    """Return a page of record sets, and the query for the next page, if there is one."""
    sets = [read_rrset(element) for element in root.find_all("ResourceRecordSets", "ResourceRecordSet")]
    if root.find_text("IsTruncated") != "true":
        return sets, None
    next_query = {"name": root.find_text("NextRecordName"), "type": root.find_text("NextRecordType")}
    if identifier := root.find_text("NextRecordIdentifier"):
        next_query["identifier"] = identifier
    return sets, next_query


def read_change(root: Element) -> tuple[str, bool]:
    """Return a change's id, and whether all servers have it. Raises Retryable if the answer names no change."""
    change_id = root.find_text("ChangeInfo", "Id").removeprefix("/change/")
    if _ID.fullmatch(change_id) is None:
        raise Retryable("Route 53's answer names no change.", code="provider_unavailable")
    return change_id, root.find_text("ChangeInfo", "Status") == "INSYNC"


def _build_get(base_url: str, action: str, path: str, query: dict[str, str]) -> AwsCall:
    url = f"{base_url}/2013-04-01/{path}"
    if query:
        url += f"?{urlencode(query, quote_via=quote)}"
    return AwsCall(action=f"route53:{action}", method="GET", url=url, scope=_SCOPE)
