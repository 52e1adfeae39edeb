"""Tokens that the predecessor has encrypted."""

import base64

import pytest

from dcvd.core.secret import Secret
from dcvd.kit.vault.passphrase_ciphertexts import UnreadableCiphertext, decrypt
from tests.predecessor.dumps import PASSPHRASE, encrypt

# Made by WebCrypto in Node: PBKDF2-SHA-256, 100,000 rounds, AES-GCM, salt and iv of 00, 01, 02…
FROM_NODE = "AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKC6DWAdzDhpWo0TC1aWm6UZJE80ynclcKt8GlVV96Brg="


def test_what_webcrypto_encrypted_is_decrypted() -> None:
    assert decrypt(FROM_NODE, [Secret("correct horse ü")]).reveal() == "token-ünï-123"


def test_whichever_passphrase_is_right_decrypts() -> None:
    assert decrypt(encrypt("token"), [Secret("wrong"), Secret(PASSPHRASE)]).reveal() == "token"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is too short"),
        ("not base64!", "is no ciphertext"),
        (base64.b64encode(b"x" * 43).decode(), "is too short"),
        (base64.b64encode(b"x" * 60).decode(), "cannot be decrypted"),
        (encrypt("token")[:-8], "."),
    ],
)
def test_what_is_no_ciphertext_is_said_to_be_none(text: str, reason: str) -> None:
    with pytest.raises(UnreadableCiphertext, match=reason):
        decrypt(text, [Secret(PASSPHRASE)])


def test_without_a_passphrase_nothing_is_tried() -> None:
    with pytest.raises(UnreadableCiphertext, match="no passphrase is given"):
        decrypt(encrypt("token"), [])
