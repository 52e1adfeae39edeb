"""The secret of `dcvd listen`: the same in every run."""

import os
from pathlib import Path

import pytest

from dcvd.cli.listen.signing_secret import derive_secret, load_secret
from dcvd.core.secret import Secret
from dcvd.core.webhooks.signing import new_secret, to_standard_secret
from dcvd.errors import DcvdError


def test_a_token_has_always_the_same_secret_and_another_token_another() -> None:
    one, other = Secret("dcv_live_" + "0" * 32), Secret("dcv_live_" + "1" * 32)
    assert derive_secret(one) == derive_secret(one) != derive_secret(other)
    assert len(bytes.fromhex(derive_secret(one).reveal())) == 32


def test_a_file_is_made_for_its_owner_alone_and_read_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    secret = load_secret(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_secret(path) == secret != load_secret(tmp_path / "another")


def test_a_file_may_hold_either_form(tmp_path: Path) -> None:
    secret = new_secret(os.urandom)
    for text in (secret.reveal(), f"  {to_standard_secret(secret).reveal()}\n"):
        path = tmp_path / "secret"
        path.write_text(text)
        assert load_secret(path) == secret


@pytest.mark.parametrize("content", [b"", b"secret", b"whsec_", b"whsec_!", b"0" * 63, b"whsec_AAAA", b"\xff" * 64])
def test_a_file_with_anything_else_is_left_as_it_is_and_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(DcvdError, match="holds no signing secret"):
        load_secret(path)
    assert path.read_bytes() == content
