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
_TAGS_INSTEAD_OF_VALUES: Final = ("AliasTarget", "TrafficPolicyInstanceId")
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

    Raises Retryable for an answer that is no list of zones, or names no id or name of one.
    """
    zones = []
    for zone in _list_children(root, "ListHostedZonesByName", "HostedZones", "HostedZone"):
        zone_id, name = zone.find_text("Id").removeprefix("/hostedzone/"), read_name(zone.find_text("Name"))
        if _ID.fullmatch(zone_id) is None or not name:
            raise unexpected_answer("ListHostedZonesByName", "a zone has no usable Id, or no Name")
        zones.append(
            HostedZone(id=zone_id, name=name, private=zone.find_text("Config", "PrivateZone").lower() == "true")
        )
    if not _is_truncated(root, "ListHostedZonesByName", "NextDNSName"):
        return zones, None
    return zones, {
        "dnsname": _require_text(root, "ListHostedZonesByName", "NextDNSName"),
        "hostedzoneid": root.find_text("NextHostedZoneId"),
    }


def read_name_servers(root: Element) -> tuple[str, ...]:
    """Return the name servers of a zone's delegation set. Raises Retryable if the answer names none."""
    delegation_set = root.find("DelegationSet") or Element("")
    names = tuple(
        read_name(server.text.strip())
        for server in _list_children(delegation_set, "GetHostedZone", "NameServers", "NameServer")
    )
    if not names or not all(names):
        raise unexpected_answer("GetHostedZone", "it names no name servers")
    return names


def read_sets(root: Element) -> tuple[list[RrSet], dict[str, str] | None]:
    """Return a page of record sets, and the query for the next page, if there is one.

    Raises Retryable for an answer that is no list of sets, or in which one lacks what every set has.
    """
    action = "ListResourceRecordSets"
    elements = _list_children(root, action, "ResourceRecordSets", "ResourceRecordSet")
    sets = [read_rrset(element) for element in elements]
    for element, rrset in zip(elements, sets, strict=True):
        has_values = bool(rrset.values) and all(rrset.values)
        is_elsewhere = any(element.find(tag) is not None for tag in _TAGS_INSTEAD_OF_VALUES)
        if not rrset.name or not rrset.type or not (has_values or is_elsewhere):
            raise unexpected_answer(action, "a record set has no Name, no Type, or neither values nor an alias")
    if not _is_truncated(root, action, "NextRecordName"):
        return sets, None
    next_query = {
        "name": _require_text(root, action, "NextRecordName"),
        "type": _require_text(root, action, "NextRecordType"),
    }
    if identifier := root.find_text("NextRecordIdentifier"):
        next_query["identifier"] = identifier
    return sets, next_query


def read_change(root: Element) -> tuple[str, bool]:
    """Return a change's id, and whether all servers have it. Raises Retryable if the answer names no change."""
    change_id = root.find_text("ChangeInfo", "Id").removeprefix("/change/")
    if _ID.fullmatch(change_id) is None:
        raise unexpected_answer("the change or the question for it", "it names no change")
    return change_id, root.find_text("ChangeInfo", "Status") == "INSYNC"


def unexpected_answer(action: str, fault: str) -> Retryable:
    """The error for an answer that is not as the API reference describes it."""
    return Retryable(f"Route 53's answer to {action} cannot be read: {fault}.", code="provider_unexpected")


def _list_children(root: Element, action: str, list_tag: str, tag: str) -> list[Element]:
    """Return the elements of a list, which an answer has also where it is empty."""
    container = root.find(list_tag)
    if container is None or any(child.tag != tag for child in container.children):
        raise unexpected_answer(action, f"it has no {list_tag}, or something else in them")
    return container.children


def _is_truncated(root: Element, action: str, next_tag: str) -> bool:
    """Whether there is another page; an answer that says neither that nor where it begins is the last one."""
    text = root.find_text("IsTruncated")
    if not text and root.find(next_tag) is None:
        return False
    if text not in ("true", "false"):
        raise unexpected_answer(action, "IsTruncated is neither true nor false")
    return text == "true"


def _require_text(root: Element, action: str, tag: str) -> str:
    text = root.find_text(tag)
    if not text:
        raise unexpected_answer(action, f"it has no {tag}")
    return text


def _build_get(base_url: str, action: str, path: str, query: dict[str, str]) -> AwsCall:
    url = f"{base_url}/2013-04-01/{path}"
    if query:
        url += f"?{urlencode(query, quote_via=quote)}"
    return AwsCall(action=f"route53:{action}", method="GET", url=url, scope=_SCOPE)
