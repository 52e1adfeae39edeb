"""[providers.http]: a provider's API in the words of the configuration."""

import re
from pathlib import Path
from typing import get_args

import pytest

from dcvd.config import Live, load
from dcvd.config.http_api_section import HttpApiDescription
from dcvd.config.provider_sections import WriteDriver
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import OauthTokens
from dcvd.core.secret import Secret
from dcvd.dns import DnsObserver
from dcvd.errors import NotConfigured
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.drivers import DriverFactory
from dcvd.providers.http.presets import PRESETS
from dcvd.providers.http.records import HttpRecords
from tests.config.conftest import ENVIRON, Problems, Write
from tests.providers.http.servers import KINDS

DOCUMENTED = (Path(__file__).parents[2] / "config" / "dcvd.toml").read_text()
EXAMPLE = "\n".join(re.findall(r"^#   ([a-z_]+ = .+)$", DOCUMENTED.split("\n[providers.http]\n")[1], re.MULTILINE))


def test_the_documented_example_is_digitalocean_as_it_is_built_in(write: Write) -> None:
    config = load(write(f"[providers.http]\n{EXAMPLE}\n"), ENVIRON).config
    assert config.providers_http == PRESETS["digitalocean"].description
    assert config.providers_http != HttpApiDescription()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("zone_path", '"/v2/{domain}"'),
        ("zone_path", '"/v2/{id}"'),
        ("zone_path", '"v2/{zone}"'),
        ("zone_path", '"//evil.example/{zone}"'),
        ("zone_path", '"/a/../{zone}"'),
        ("zone_path", '"/v2/{zone"'),
        ("zone_path", '"/v2/{zone} x"'),
        ("records_path", '"/v2/{value}"'),
        ("delete_path", '"/v2/{zone}/records"'),
        ("create_body", '\'{"type": "{type}"}\''),
        ("create_body", '\'{"type": "{type}", "data": "{value}", "x": "{id}"}\''),
        ("create_body", '\'{"{type}": "{value}"}\''),
        ("create_body", '\'{"type": {type}, "data": {value}}\''),
        ("create_body", '\'["{type}", "{value}"]\''),
        ("records", '"a..b"'),
        ("record_id", '""'),
        ("record_names", '"relativ"'),
        ("apex", '"*"'),
        ("create_method", '"GET"'),
        ("kept_members", '["a.b"]'),
    ],
)
def test_what_cannot_be_right_is_an_error_of_the_configuration_that_names_the_key(
    problems: Problems, key: str, value: str
) -> None:
    (problem,) = problems(f"[providers.http]\n{key} = {value}\n")
    assert problem.startswith(f"providers.http.{key}")


def test_a_wrong_placeholder_is_told_with_those_that_are_known(problems: Problems) -> None:
    (problem,) = problems('[providers.http]\ndelete_path = "/v2/{domain}/{id}"\n')
    assert '"/v2/{domain}/{id}"' in problem
    assert "no placeholder but {account}, {zone}, {zone_id}, {name}, {label}, {type}, {id}, and always {id}" in problem


def test_every_built_in_api_is_a_write_driver_that_is_documented_and_held_to_the_contract() -> None:
    assert set(PRESETS) == set(get_args(WriteDriver)) - {"", "http", "domain_connect"}
    assert set(PRESETS) <= set(KINDS)
    explanation = DOCUMENTED.split("\nwrite_driver = ")[0].rpartition("\n\n")[2]
    assert [name for name in PRESETS if f'"{name}"' not in explanation] == []


@pytest.mark.parametrize(
    ("section", "needed"),
    [
        *((f'write_driver = "{name}"', None) for name in PRESETS),
        (f'write_driver = "http"\napi_base_url = "https://api.example"\n[providers.http]\n{EXAMPLE}', None),
        ('write_driver = "http"\napi_base_url = "https://api.example"', "providers.http.zone_path"),
        (f'write_driver = "http"\n[providers.http]\n{EXAMPLE}', "providers.other.api_base_url"),
        ("", "providers.other.write_driver"),
    ],
)
def test_a_token_of_another_provider_is_used_as_the_configuration_says(
    write: Write, section: str, needed: str | None
) -> None:
    config = load(write(f"[providers.other]\n{section}\n"), ENVIRON).config
    drivers = DriverFactory(Live(config), Fetcher(), EgressPolicy(), DnsObserver(config))
    tokens = OauthTokens(access_token=Secret("t0ken"))
    if needed is None:
        assert isinstance(drivers.create_driver("org_a", Provider.OTHER, tokens), HttpRecords)
        return
    with pytest.raises(NotConfigured, match=f"{needed} is not set"):
        drivers.create_driver("org_a", Provider.OTHER, tokens)
