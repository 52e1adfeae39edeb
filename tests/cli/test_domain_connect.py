"""`dcvd domain-connect`: what an operator publishes."""

import base64
import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from dcvd.cli.main import run
from dcvd.config import load
from dcvd.providers.domain_connect.signing import sign


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SAAS_CNAME_TARGET", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "dcvd.toml"
    path.write_text(
        '[cloudflare]\ncname_target = "{token}.edge.example.net"\n'
        '[oauth]\nreturn_to = ["https://app.example.net/back"]\n'
        '[providers.domain_connect]\nprovider_id = "example.net"\n'
        'service_id = "domain"\nprivate_key_file = "connect.pem"\n'
    )
    return path


def test_a_key_is_made_published_and_signs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config.parent / "connect.pem"
    assert run(["domain-connect", "keygen", "--output", str(file)]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in capsys.readouterr().out
    assert run(["domain-connect", "txt", "--json", "--config", str(config)]) == 0
    records = json.loads(capsys.readouterr().out)["records"]
    assert {record["name"] for record in records} == {"_dcpubkeyv1.example.net"}
    whole = "".join(record["value"].partition(",d=")[2] for record in records)
    public = load_der_public_key(base64.b64decode(whole))
    assert isinstance(public, RSAPublicKey)
    private = load(config, os.environ, need_cloudflare=False).config.providers_domain_connect.private_key
    assert private is not None
    public.verify(base64.b64decode(sign("domain=x", private)), b"domain=x", PKCS1v15(), SHA256())
    assert run(["domain-connect", "txt", "--config", str(config)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 1 + len(records)
    assert shown[1].split() == ["TXT", "_dcpubkeyv1.example.net", records[0]["value"]]


def test_a_key_replaces_no_file(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config.parent / "connect.pem"
    file.write_text("something")
    assert run(["domain-connect", "keygen", "--output", str(file)]) == 1
    assert "is already there" in capsys.readouterr().err
    assert file.read_text() == "something"


def test_the_template_is_json_to_publish_as_it_is(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["domain-connect", "template", "--provider-name", "Ácme", "--config", str(config)]) == 0
    template = json.loads(capsys.readouterr().out)
    assert (template["providerId"], template["serviceId"]) == ("example.net", "domain")
    assert (template["providerName"], template["serviceName"]) == ("Ácme", "Custom domain")
    assert template["syncRedirectDomain"] == "app.example.net"
    assert template["records"][0]["pointsTo"] == "%target%.edge.example.net"


@pytest.mark.parametrize(
    ("command", "missing"),
    [("txt", "providers.domain_connect.private_key_file"), ("template", "cloudflare.cname_target")],
)
def test_without_its_settings_it_is_78_and_names_them(
    command: str, missing: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text('[providers.domain_connect]\nprovider_id = "example.net"\nservice_id = "domain"\n')
    assert run(["domain-connect", command, "--config", str(config)]) == os.EX_CONFIG
    assert missing in capsys.readouterr().err
