from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from dcvd.config import LoadedConfig, load
from dcvd.core.secret import Secret
from dcvd.errors import ConfigError
from tests.config.conftest import ENVIRON, Problems, Write

TARGET = {name: value for name, value in ENVIRON.items() if name != "CLOUDFLARE_API_TOKEN"}


def secret_file(path: Path, content: str, mode: int = 0o600) -> Path:
    path.write_text(content)
    path.chmod(mode)
    return path


def test_a_relative_file_is_looked_up_beside_the_toml_and_read_trimmed(write: Write, tmp_path: Path) -> None:
    secret_file(tmp_path / "cloudflare-token", "  t0ken\n\n")
    loaded = load(write(""), TARGET)
    assert loaded.config.cloudflare.api_token == Secret("t0ken")
    assert loaded.warnings == ()
    assert "CLOUDFLARE_API_TOKEN" not in loaded.from_environment


def test_a_relative_file_is_looked_up_in_the_credentials_directory_where_there_is_one(
    write: Write, tmp_path: Path
) -> None:
    secret_file(tmp_path / "cloudflare-token", "beside")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    secret_file(credentials / "cloudflare-token", "credential", mode=0o644)
    loaded = load(write(""), TARGET | {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert loaded.config.cloudflare.api_token == Secret("credential")
    assert loaded.warnings == ()  # systemd guards the directory


def test_an_absolute_file_is_taken_as_it_is(write: Write, tmp_path: Path) -> None:
    token = secret_file(tmp_path / "elsewhere", "t0ken")
    loaded = load(
        write(f'[cloudflare]\napi_token_file = "{token}"\n'), TARGET | {"CREDENTIALS_DIRECTORY": "/nonexistent"}
    )
    assert loaded.config.cloudflare.api_token == Secret("t0ken")


def test_the_environment_wins_and_the_file_is_not_even_looked_for(write: Write) -> None:
    loaded = load(write('[cloudflare]\napi_token_file = "none"\n'), ENVIRON)
    assert loaded.config.cloudflare.api_token == Secret("t0ken")
    assert "CLOUDFLARE_API_TOKEN" in loaded.from_environment


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_open_to_others_warns_with_the_command_that_mends_it(write: Write, tmp_path: Path, mode: int) -> None:
    token = secret_file(tmp_path / "cloudflare-token", "t0ken", mode)
    assert load(write(""), TARGET).warnings == (
        f"The secret file {token} is open to group or others: chmod 600 {token}.",
    )


def test_the_token_of_an_api_on_loopback_may_be_open(write: Write, tmp_path: Path) -> None:
    secret_file(tmp_path / "cloudflare-token", "t0ken", 0o644)
    key = secret_file(tmp_path / "oauth-key", "passphrase", 0o644)
    loaded = load(
        write('[cloudflare]\nbase_url = "http://127.0.0.1:8787/client/v4"\n[vault]\nkey_file = "oauth-key"\n'),
        TARGET,
    )
    assert loaded.warnings == (f"The secret file {key} is open to group or others: chmod 600 {key}.",)


def test_with_all_of_cloudflare_on_loopback_every_secret_may_be_open(write: Write, tmp_path: Path) -> None:
    for name in ("cloudflare-token", "oauth-key", "client-secret"):
        secret_file(tmp_path / name, "t0ken", 0o644)
    consent = '[oauth.cloudflare]\nclient_secret_file = "client-secret"\n'
    oauth = f'[vault]\nkey_file = "oauth-key"\n{consent}'
    sandbox = '[cloudflare]\nbase_url = "http://127.0.0.1:8787/client/v4"\n'
    assert load(write(f'{sandbox}{oauth}token_url = "http://[::1]:8787/oauth2/token"\n'), TARGET).warnings == ()
    assert len(load(write(f"{sandbox}{oauth}"), TARGET).warnings) == 2
    assert len(load(write(f'{oauth}token_url = "http://127.0.0.1:1/token"\n'), TARGET).warnings) == 2


def test_the_encryption_key_comes_from_its_file_or_its_variable(write: Write, tmp_path: Path) -> None:
    secret_file(tmp_path / "oauth-key", "a pass phrase\n")
    path = write('[vault]\nkey_file = "oauth-key"\n')
    assert load(path, ENVIRON).config.vault.key == Secret("a pass phrase")
    loaded = load(path, ENVIRON | {"OAUTH_ENCRYPTION_KEY": "ab" * 32})
    assert loaded.config.vault.key == Secret("ab" * 32)
    assert "OAUTH_ENCRYPTION_KEY" in loaded.from_environment


def test_without_a_file_and_a_variable_there_is_no_encryption_key(write: Write) -> None:
    assert load(write(""), ENVIRON).config.vault.key is None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "does not hold one word"),
        (b"two words", "does not hold one word"),
        (b"t0ken\r\nHost: x", "does not hold one word"),
        (b"t\xff0ken", "is not UTF-8 text"),
        (b"x" * 70_000, "is larger than 64KiB"),
    ],
)
def test_a_file_that_holds_no_token_is_a_problem_that_does_not_show_it(
    write: Write, tmp_path: Path, content: bytes, complaint: str
) -> None:
    (tmp_path / "cloudflare-token").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(write(""), TARGET)
    (problem,) = caught.value.problems
    assert complaint in problem
    assert "words" not in problem
    assert "t0ken" not in problem


def test_an_empty_file_name_and_no_variable_is_a_problem(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"cloudflare\.api_token_file is empty: .* \$CLOUDFLARE_API_TOKEN"):
        load(write('[cloudflare]\napi_token_file = ""\n'), TARGET)


@pytest.mark.parametrize(
    ("content", "key", "file_key"),
    [
        ('[cloudflare]\napi_token = "hunter2"\n', "cloudflare.api_token", "cloudflare.api_token_file"),
        ('[vault]\nkey = "hunter2"\n', "vault.key", "vault.key_file"),
        ('[oauth]\nclient_secret = "hunter2"\n', "oauth.client_secret", "_file"),
        ('[server]\nadmin_password = "hunter2"\n', "server.admin_password", "_file"),
    ],
)
def test_a_secret_written_out_is_refused_without_being_shown(
    problems: Problems, content: str, key: str, file_key: str
) -> None:
    (problem,) = problems(content)
    assert problem.startswith(f"{key} would hold a secret")
    assert file_key in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize("section", ["cloudflare", "server"])
def test_the_password_in_a_url_is_refused_without_being_shown(problems: Problems, section: str) -> None:
    key = {"cloudflare": "base_url", "server": "public_url"}[section]
    (problem,) = problems(f'[{section}]\n{key} = "https://root:hunter2@x.example"\n')
    assert problem.startswith(f'{section}.{key} is "https://[redacted]@x.example": expected')


def test_no_way_of_printing_a_loaded_configuration_shows_a_secret(write: Write) -> None:
    loaded: LoadedConfig = load(write(""), ENVIRON | {"OAUTH_ENCRYPTION_KEY": "hunter2"})
    assert "[redacted]" in repr(loaded)
    assert "t0ken" not in repr(loaded)
    assert "hunter2" not in f"{loaded} {loaded.config.oauth}"


def test_every_old_key_file_is_read_as_a_secret_and_kept_in_its_order(write: Write, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    secret_file(credentials / "first", "one\n")
    absolute = secret_file(tmp_path / "second", " two ", mode=0o640)
    path = write(f'[vault]\nold_key_files = ["first", "{absolute}"]\n')
    loaded = load(path, ENVIRON | {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert loaded.config.vault.old_keys == (Secret("one"), Secret("two"))
    assert loaded.warnings == (f"The secret file {absolute} is open to group or others: chmod 600 {absolute}.",)


def test_every_old_key_file_that_cannot_be_read_is_a_problem_of_its_own_unless_a_person_asks(
    write: Write, tmp_path: Path
) -> None:
    secret_file(tmp_path / "there", "one")
    path = write('[vault]\nold_key_files = ["gone", "there", "lost"]\n')
    with pytest.raises(ConfigError) as caught:
        load(path, ENVIRON)
    assert [problem.partition(" does")[0] for problem in caught.value.problems] == [
        f"The file {tmp_path / name} (vault.old_key_files)" for name in ("gone", "lost")
    ]
    assert load(path, ENVIRON, need_cloudflare=False).config.vault.old_keys == (None, Secret("one"), None)


@pytest.mark.parametrize("kind", ["text", "small", "elliptic", "encrypted", "public"])
def test_a_key_for_domain_connect_that_cannot_sign_is_a_problem_that_does_not_show_it(
    write: Write, tmp_path: Path, kind: str
) -> None:
    pem = _pem(kind)
    (tmp_path / "connect.pem").write_bytes(pem)
    with pytest.raises(ConfigError) as caught:
        load(write('[providers.domain_connect]\nprivate_key_file = "connect.pem"\n'), ENVIRON)
    (problem,) = caught.value.problems
    assert "providers.domain_connect.private_key_file" in problem
    assert "an RSA private key in PEM" in problem
    assert pem.splitlines()[-2][:20].decode() not in problem


def _pem(kind: str) -> bytes:
    if kind == "text":
        return b"no key\nat all, but text\nof three lines\n"
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "elliptic" else rsa.generate_private_key(65_537, 1024)
    if kind == "public":
        return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    lock = BestAvailableEncryption(b"passphrase") if kind == "encrypted" else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
