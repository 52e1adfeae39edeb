"""Bodies by which certificates are ordered at Cloudflare."""

from collections.abc import Mapping
from typing import Any, Final

from dcvd.core.custom_hostnames.certificate_authorities import CAA_IDENTIFIERS, default_authorities
from dcvd.core.domains.hostname_orders import HostnameOrder, needs_branding
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.domains.saas_zone import PlanFeature
from dcvd.custom_hostnames.errors import PLAN_LACKS
from dcvd.custom_hostnames.zone_watch import find_lacking
from dcvd.errors import Permanent

_ORDERABLE_METHODS: Final = frozenset({"http", "txt", "email"})
"""What an order may ask for; `cname` still occurs in answers alone."""
_MEMBERS_BY_REFUSAL: Final = {
    1413: frozenset({"custom_metadata"}),
    1414: frozenset({"custom_origin_server", "custom_origin_sni"}),
}
"""Beside the number by which Cloudflare says that the zone has not the right to them."""


def build_order_body(order: HostnameOrder, kept_settings: Mapping[str, Any]) -> dict[str, Any]:
    """Build the body of an order, with the CA that it prefers."""
    ssl = build_ssl(order.hostname, order.method, wildcard=order.wildcard)
    if order.certificate_authorities:
        ssl["certificate_authority"] = order.certificate_authorities[0]
    return _add_kept_settings(ssl, kept_settings)


def build_revalidation_body(
    cloudflare_hostname: CloudflareHostname,
    order: HostnameOrder,
    certificate_authority: str | None,
    *,
    has_authority_choice: bool,
) -> dict[str, Any]:
    """Build the body that starts the validation of a hostname again, and leaves the rest as it is there.

    certificate_authority: the CA to change to; None where it stays. has_authority_choice: whether one may be named.
    """
    method, wildcard = cloudflare_hostname.method, cloudflare_hostname.wildcard
    ssl = build_ssl(
        cloudflare_hostname.hostname,
        method if method in _ORDERABLE_METHODS else order.method,
        wildcard=order.wildcard if wildcard is None else wildcard,
    )
    authority = certificate_authority or (
        _find_authority_to_name(cloudflare_hostname) if has_authority_choice else None
    )
    if authority is not None:
        ssl["certificate_authority"] = authority
    return _add_kept_settings(ssl, cloudflare_hostname.kept_settings)


def _find_authority_to_name(cloudflare_hostname: CloudflareHostname) -> str | None:
    """Return the CA to name so that a hostname keeps it; None where Cloudflare chooses that one by itself."""
    authority = cloudflare_hostname.certificate_authority
    if authority not in CAA_IDENTIFIERS or authority == default_authorities(cloudflare_hostname.hostname)[0]:
        return None
    return authority


def _add_kept_settings(ssl: dict[str, Any], kept_settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of an order that leaves what we do not manage as it is.

    Cloudflare sets what `ssl` omits to its defaults.
    """
    return {**kept_settings, "ssl": {**kept_settings.get("ssl", {}), **ssl}}


def build_ssl(hostname: str, method: str | None, *, wildcard: bool) -> dict[str, Any]:
    """Build the order of a certificate, complete, because an edit that omits a part leaves or removes it."""
    ssl: dict[str, Any] = {"method": method, "type": "dv", "wildcard": wildcard}
    if needs_branding(hostname):
        ssl["cloudflare_branding"] = True
    return ssl


def omit_refused(error: Permanent, body: dict[str, Any], hostname: str) -> dict[str, Any]:
    """Return an order without what the zone's plan does not have, where it was refused for that alone.

    Cloudflare then chooses the CA, and leaves as they are the members beside `ssl` that an edit does not name. Raises
    the error where there is nothing to leave out.
    """
    if error.code == PLAN_LACKS:
        refused_members = _MEMBERS_BY_REFUSAL.get(error.remote_code or 0, frozenset())
        rest = {member: value for member, value in body.items() if member not in refused_members}
        if len(rest) < len(body):
            return rest
        if "certificate_authority" in body["ssl"] and PlanFeature.AUTHORITY_CHOICE in find_lacking(
            error.message, hostname
        ):
            ssl = {member: value for member, value in body["ssl"].items() if member != "certificate_authority"}
            return {**body, "ssl": ssl}
    raise error
