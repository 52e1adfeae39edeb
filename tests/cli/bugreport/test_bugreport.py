"""`dcvd bugreport`: all that helps, and no secret."""

import base64
import os
import secrets
import signal
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dcvd.cli.operations import Operations
from dcvd.config import Config
from dcvd.config.key_annotations import secret_keys, sections
from dcvd.core.tokens.token import Role
from tests.cli.processes import DEADLINE, House, answer, dcvd, running

ORGANIZATION = "Möbel Grünwald"
CUSTOMER = "shop.gruenwald-moebel.com"
PERSON = "frida.gruenwald@example.org"
NAMES = ("Möbel", "Grünwald", "gruenwald-moebel", "frida")


def planted_files() -> dict[str, str]:
    """A secret of each kind that a file can hold, by its key; each looks as real ones do."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "cloudflare.api_token_file": secrets.token_urlsafe(30),
        "cloudflare.webhook_secret_file": "cf-notification-word",
        "mail.password_file": "correct horse battery",
        "alerts.heartbeat_url_file": "https://hc.example.net/ping/6e60a93a-heartbeat",
        "alerts.targets_file": "slack://TokenA/TokenBBBB/TokenCCCCCC\ntgram://bottoken-of-chat/12345",
        "tracing.otlp_headers_file": "x-team=word-of-the-team,x-key=opensesame",
        "vault.key_file": secrets.token_hex(32),
        "vault.old_key_files": "an old passphrase of ours",
        "webhooks.proxy_credentials_file": "proxyuser:proxypass-1",
        "oauth.cloudflare.client_secret_file": base64.b64encode(secrets.token_bytes(32)).decode(),
        "oauth.godaddy.client_secret_file": "go-daddy-secret",
        "oauth.other.client_secret_file": "other-secret",
        "web.oidc.client_secret_file": "oidc-secret",
        "providers.route53.secret_access_key_file": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "providers.domain_connect.private_key_file": pem,
    }


def plant(house: House) -> list[str]:
    """Write the files, name them in the configuration, and return the secrets, line by line."""
    files = planted_files()
    lines = [house.config.read_text()]
    tables: dict[str, list[str]] = {}
    for key, secret in files.items():
        section, _, name = key.rpartition(".")
        path = house.config.with_name(key)
        path.touch(0o600)
        path.write_text(secret)
        tables.setdefault(section, []).append(f'{name} = ["{key}"]' if name.endswith("s") else f'{name} = "{key}"')
    cloudflare = "\n".join(tables.pop("cloudflare"))
    lines[0] = lines[0].replace("[cloudflare]", f"[cloudflare]\n{cloudflare}")
    lines += [f"[{section}]\n" + "\n".join(entries) for section, entries in tables.items()]
    house.config.write_text("\n".join(lines))
    planted = [line for secret in files.values() for line in secret.splitlines() if not line.startswith("-----")]
    return [*planted, "word-of-the-team", "opensesame"]


def test_every_kind_of_secret_that_a_file_can_hold_is_planted() -> None:
    kinds = {
        f"{name}.{declaration.file_key}"
        for name, section in sections(Config).items()
        for declaration in secret_keys(section).values()
    }
    assert kinds == set(planted_files())


async def fill(operations: Operations) -> list[str]:
    """What tenants have in the database, and the secrets that they were given."""
    org_id = (await operations.create_organization(ORGANIZATION)).id
    token = await operations.create_token(org_id, name="ci", role=Role.OWNER, expires_at=None)
    await operations.exchange("POST", f"/operator/organizations/{org_id}/api/domains", body={"domainName": CUSTOMER})
    link = await operations.create_link(org_id, domain=CUSTOMER, lifetime_ms=86_400_000, return_to=None)
    return [str(token.token), str(link.token)]


async def fill_webhooks(operations: Operations) -> list[str]:
    """An endpoint, of which the daemon alone can seal the secret."""
    body = {"url": "https://hooks.gruenwald-moebel.com/s3cret-path?key=q1w2e3r4", "events": ["*"]}
    path = f"/operator/organizations/{quote(ORGANIZATION)}/api/webhooks"
    answer: Any = await operations.call("POST", path, dict[str, Any], body=body)
    given = answer["webhook"]
    return [given["secret"], given["signingSecret"].removeprefix("whsec_"), given["url"]]


def write_log(path: Path, leaked: list[str]) -> None:
    """A log into which everything has got, as JSON and as text."""
    lines = [f'{{"event":"daemon.failed","error":"it was {secret}","level":"error"}}' for secret in leaked]
    lines += [f"  File x.py: KeyError: {secret!r} of {CUSTOMER}, {ORGANIZATION}, {PERSON}" for secret in leaked]
    lines += [
        "Authorization: Bearer abcdefgh-in-no-file",
        f"GET https://user:pw-in-url@{CUSTOMER}/x",
        "-----BEGIN X-----\nMIIEpem",
    ]
    path.write_text("\n".join(lines))


def assert_none(text: str, hidden: list[str]) -> None:
    assert [secret for secret in hidden if secret in text] == []


def check_report(
    house: House, leaked: list[str], options: tuple[str, ...] = (), environ: Mapping[str, str] | None = None
) -> str:
    log = house.config.with_name("log")
    write_log(log, leaked)
    path = house.config.with_name("report.txt")
    done = dcvd(
        "bugreport", "--output", str(path), "--log", str(log), *options, "--config", str(house.config), environ=environ
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Wrote {path}, ")
    assert "Read it before you send it." in done.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert_none(text, [*leaked, "abcdefgh-in-no-file", "pw-in-url", "MIIEpem"])
    assert '"event":"daemon.failed"' in text
    return text


def test_no_secret_of_files_database_and_log_is_in_the_report_nor_a_name(house: House) -> None:
    leaked = [*plant(house), *house.given(fill)]
    with running("serve", "--config", str(house.config)) as daemon:
        assert daemon.stderr is not None
        assert any('"daemon.started"' in line for line in iter(daemon.stderr.readline, ""))
        leaked += house.given(fill_webhooks)
        text = check_report(house, leaked)
        daemon.send_signal(signal.SIGTERM)
        daemon.stderr.read()
        assert daemon.wait(DEADLINE) == 0
    assert_none(text, [*NAMES, "s3cret-path", "q1w2e3r4"])
    for title in ("versions", "configuration", "doctor", "readiness", "database", "check", "log"):
        assert f"\n{'=' * 72}\n{title}\n{'=' * 72}\n" in text
    assert '"organizations": 1' in text
    assert '"faults": []' in text
    assert "# webhook_secret is set, by the file " in text


def test_secrets_of_the_environment_are_taken_out_too_and_names_stay_if_they_are_wanted(house: House) -> None:
    environ = {"CLOUDFLARE_API_TOKEN": "token-of-the-environment", "OAUTH_ENCRYPTION_KEY": "passphrase in a variable"}
    house.given(fill)
    text = check_report(house, list(environ.values()), ("--with-names",), environ)
    assert all(name in text for name in NAMES)


def test_without_a_valid_configuration_it_says_why_and_still_takes_secrets_out(house: House) -> None:
    house.config.write_text("[log]\nlevel = 'loud'\n")
    environ = {"CLOUDFLARE_API_TOKEN": "token-of-the-environment"}
    text = check_report(house, list(environ.values()), environ=environ)
    assert 'log.level is "loud"' in text
    assert "The names of organizations could not be found, so they are NOT replaced" in text


def test_the_daemon_that_runs_is_asked(served: House, tmp_path: Path) -> None:
    path = tmp_path / "report"
    done = dcvd("bugreport", "--json", "--output", str(path), "--config", str(served.config))
    found = answer(done)
    assert found["file"] == str(path)
    assert "status" in found["sections"]
    assert "# In force in the daemon" in path.read_text()


def test_a_file_that_is_there_is_kept(house: House) -> None:
    path = house.config.with_name("mine")
    path.write_text("mine")
    done = house.dcvd("bugreport", "--output", str(path))
    assert done.returncode == 1
    assert f"There is a file {path} already" in done.stderr
    assert path.read_text() == "mine"


def test_it_goes_to_standard_output_or_to_a_new_file_here(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    done = house.dcvd("bugreport", "--output", "-")
    assert done.stdout.startswith("A report of dcvd, for whoever looks for a fault.")
    assert "There is no journal here" in done.stdout or os.path.exists("/run/systemd/system")
