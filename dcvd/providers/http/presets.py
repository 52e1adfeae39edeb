"""Describe the APIs of some providers. Sources: docs.digitalocean.com/reference/api, developer.dnsimple.com/v2."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from dcvd.config.http_api_section import HttpApiDescription


class ApiPreset(Struct, frozen=True):
    """The description of an API, and its address unless the configuration names another."""

    base_url: str
    description: HttpApiDescription


_DIGITALOCEAN: Final = HttpApiDescription(
    check_path="/v2/account",
    account_name="account.email",
    zone_path="/v2/domains/{zone}",
    zone_name="domain.name",
    records_path="/v2/domains/{zone}/records?name={name}&per_page=200",
    records="domain_records",
    record_value="data",
    final_dot=True,
    kept_members=("priority", "port", "weight", "flags", "tag"),
    lowest_ttl=30,
    next_page="links.pages.next",
    create_path="/v2/domains/{zone}/records",
    create_body='{"type": "{type}", "name": "{label}", "data": "{value}", "ttl": "{ttl}"}',
    delete_path="/v2/domains/{zone}/records/{id}",
)

_DNSIMPLE: Final = HttpApiDescription(
    check_path="/v2/whoami",
    account_name="data.account.email",
    account_id="data.account.id",
    zone_path="/v2/{account}/zones/{zone}",
    zone_name="data.name",
    records_path="/v2/{account}/zones/{zone}/records?name={label}&per_page=100",
    records="data",
    apex="",
    kept_members=("priority",),
    pages="pagination.total_pages",
    create_path="/v2/{account}/zones/{zone}/records",
    create_body='{"type": "{type}", "name": "{label}", "content": "{value}", "ttl": "{ttl}"}',
    delete_path="/v2/{account}/zones/{zone}/records/{id}",
)

PRESETS: Final[Mapping[str, ApiPreset]] = MappingProxyType(
    {
        "digitalocean": ApiPreset("https://api.digitalocean.com", _DIGITALOCEAN),
        "dnsimple": ApiPreset("https://api.dnsimple.com", _DNSIMPLE),
    }
)
"""The presets by their names in `providers.other.write_driver`."""
