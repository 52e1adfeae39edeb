"""[web.oidc]: what is refused, because nobody could sign in."""

import pytest

from dcvd.config import load
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import Role
from dcvd.errors import ConfigError
from tests.config.conftest import ENVIRON, Write

SERVER = '[server]\npublic_url = "https://dcv.example.net"\n'
OIDC = '[web.oidc]\nissuer = "https://id.example.net"\nclient_id = "dcvd"\n'


def test_all_keys_together_are_taken(write: Write) -> None:
    path = write(
        f'{SERVER}{OIDC}client_secret_file = "secret"\nname = "Acme ID"\nrole_claim = "groups"\n'
        'roles = {"a.b/c d" = "admin", "support" = "member"}\n'
    )
    (path.parent / "secret").write_text("s3cret\n")
    (path.parent / "secret").chmod(0o600)
    oidc = load(path, ENVIRON).config.web_oidc
    assert (oidc.client_secret, oidc.scopes) == (Secret("s3cret"), ("openid", "email"))
    assert oidc.roles == {"a.b/c d": Role.ADMIN, "support": Role.MEMBER}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f'{OIDC}auth_method = "none"\n', "server.public_url"),
        (f'{SERVER}[web.oidc]\nissuer = "https://id.example.net"\nauth_method = "none"\n', "web.oidc.client_id"),
        (f"{SERVER}{OIDC}", "web.oidc.client_secret_file"),
        (f'{SERVER}{OIDC}auth_method = "none"\nscopes = ["email"]\n', "web.oidc.scopes"),
        (f'{SERVER}{OIDC}auth_method = "none"\nrole_claim = "groups"\n', "web.oidc.roles"),
        (f'{SERVER}{OIDC}auth_method = "none"\nroles = {{"a" = "admin"}}\n', "web.oidc.role_claim"),
        ('[web.oidc]\nissuer = "http://id.example.net"\n', "web.oidc.issuer"),
        ('[web.oidc]\nroles = {"a" = "root"}\n', "web.oidc.roles.a"),
        ('[web.oidc]\nclient_secret = "s3cret"\n', "web.oidc.client_secret_file"),
        ('[web.oidc]\nname = "a\\nb"\n', "web.oidc.name"),
    ],
)
def test_what_cannot_work_is_refused_by_its_name(write: Write, text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(text), ENVIRON)
    assert any(key in problem for problem in caught.value.problems)
    assert "s3cret" not in str(caught.value.problems)


def test_commands_that_need_no_secret_do_without(write: Write) -> None:
    loaded = load(write(f'{SERVER}{OIDC}client_secret_file = "missing"\n'), {}, need_cloudflare=False)
    assert loaded.config.web_oidc.client_secret is None
