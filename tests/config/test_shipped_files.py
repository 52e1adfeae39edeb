"""The files in config/ are documentation that runs: what they say is held to the code."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.config import Config, SocketAddress, load
from dcvd.config.key_annotations import ConfigKey, attribute_of, keys, sections
from dcvd.core.secret import Secret
from dcvd.kit.vault.key import VaultKey
from dcvd.sandbox import SandboxSettings
from tests.config.conftest import ENVIRON

ROOT = Path(__file__).parents[2]
DOCUMENTED = ROOT / "config" / "dcvd.toml"
SANDBOX = ROOT / "config" / "sandbox.toml"
SOURCES = DOCUMENTED.read_text()
KEYS = [(name, key, mark) for name, section in sections(Config).items() for key, mark in keys(section).items()]


def block(section: str) -> str:
    """The text of a section of dcvd.toml."""
    return SOURCES.split(f"\n[{section}]\n")[1].split("\n\n\n")[0]


@pytest.mark.parametrize(("section", "key", "mark"), KEYS, ids=[f"{section}.{key}" for section, key, _ in KEYS])
def test_every_key_stands_in_the_documented_file_with_its_default(section: str, key: str, mark: ConfigKey) -> None:
    given: dict[str, Any] = tomllib.loads(SOURCES)
    for part in section.split("."):
        given = given[part]
    if mark.required:
        assert key not in given, "an example that nobody replaced would be served"
        example = re.search(rf"^# Required\..*(?:\n# .*)*\n# {key} = (.+)$", block(section), re.MULTILINE)
        assert example is not None
        mark.validate(tomllib.loads(f"value = {example[1]}")["value"])
    else:
        assert mark.validate(given[key]) == getattr(getattr(Config(), attribute_of(section)), key)


@pytest.mark.parametrize(("section", "key", "mark"), KEYS, ids=[f"{section}.{key}" for section, key, _ in KEYS])
def test_every_key_is_explained_and_says_truly_whether_it_reloads(section: str, key: str, mark: ConfigKey) -> None:
    comment = re.search(rf"((?:^#.*\n)+)^(?:# )?{key} = ", block(section), re.MULTILINE)
    assert comment is not None
    assert ("(reload" in comment[1]) == mark.reload
    assert mark.environment in comment[1]


def test_the_documented_file_loads_with_the_required_variables_and_says_nothing_but_defaults() -> None:
    loaded = load(DOCUMENTED, ENVIRON)
    defaults = Config()
    cloudflare = replace(
        defaults.cloudflare,
        api_token=Secret("t0ken"),
        zone_id=ENVIRON["CLOUDFLARE_ZONE_ID"],
        cname_target=ENVIRON["SAAS_CNAME_TARGET"],
    )
    assert loaded.config == replace(defaults, cloudflare=cloudflare)
    assert loaded.warnings == ()


def test_the_examples_in_the_comments_are_accepted() -> None:
    found = 0
    for section, key, mark in KEYS:
        comment = re.search(rf"((?:^#.*\n)+)^{key} = ", block(section), re.MULTILINE)
        for example in re.findall(
            r'Example: ([\[{"].*?[\]}"])(?= for| \(reload|\.?$)', comment[1] if comment else "", re.M
        ):
            mark.validate(tomllib.loads(f"value = {example}")["value"])
            found += 1
    assert found >= 5


def test_the_sandbox_file_loads_as_it_lies_there_and_warns_of_nothing() -> None:
    loaded = load(SANDBOX, {})
    assert loaded.warnings == ()
    assert loaded.from_environment == ()
    config = loaded.config
    assert config.cloudflare.api_token == Secret("sandbox-token")
    assert config.cloudflare.base_url == "http://127.0.0.1:8787/client/v4"
    assert config.cloudflare.zone_id == "5a4d0b0c" * 4
    assert config.cloudflare.cname_target == "edge.sandbox.test"
    assert config.dns.resolvers == (SocketAddress("127.0.0.1", 8753),)
    assert not config.dns.authoritative
    assert config.sync.probe_connect_to == SocketAddress("127.0.0.1", 8743)
    assert config.sync.probe_ca_file == SANDBOX.parent / "sandbox-edge-ca.pem"
    assert VaultKey.parse(config.vault.key or Secret("")) is not None
    assert config.cloudflare.certificates_per_minute == config.cloudflare.requests_per_5m == 0


def test_the_sandbox_file_is_a_client_of_the_sandboxs_consent_page() -> None:
    config, sandbox = load(SANDBOX, {}).config, SandboxSettings()
    client = config.oauth_cloudflare
    assert (client.client_id, client.client_secret) == (
        sandbox.oauth_client_id,
        Secret(sandbox.oauth_client_secret),
    )
    assert client.redirect_uris == sandbox.oauth_redirect_uris
    origin = f"http://{sandbox.api_host}:{sandbox.api_port}"
    assert config.providers_cloudflare.api_base_url == f"{origin}/client/v4"
    for url, name in ((client.authorize_url, "auth"), (client.token_url, "token"), (client.revoke_url, "revoke")):
        assert url == f"{origin}/oauth2/{name}"


def test_the_sandbox_file_keeps_everything_on_loopback_and_beside_itself() -> None:
    config = load(SANDBOX, {}).config
    assert config.server.listen == (SocketAddress("127.0.0.1", 8080),)
    assert config.server.socket == SANDBOX.parent / "dcvd-sandbox.sock"
    assert config.database.path == SANDBOX.parent / "dcvd-sandbox.db"
    assert all(network.is_loopback for network in config.webhooks.allow_private)
