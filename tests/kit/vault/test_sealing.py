"""The vault: a value opens with its key, in its row and field, as it was sealed; else not at all."""

import base64
import os
import pickle
import random

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.secret import Secret
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault, VaultError

RAW = bytes(range(32))
KEY = VaultKey(RAW)
OTHER = VaultKey(bytes(32))
PLAIN = "whsec_the-very-secret"
ORG = "org_1"
ROW, FIELD = "sec_1", "webhook_secrets.secret"


def _sealed(vault: Vault | None = None) -> bytes:
    return (vault or Vault(KEY)).seal(Secret(PLAIN), org=ORG, row=ROW, field=FIELD)


def _refused(sealed: bytes, *, vault: Vault | None = None, row: str = ROW, field: str = FIELD) -> VaultError:
    with pytest.raises(VaultError) as caught:
        (vault or Vault(KEY)).open(sealed, org=ORG, row=row, field=field)
    assert PLAIN not in str(caught.value)
    return caught.value


@given(text=st.text(), row=st.text(), field=st.text())
def test_what_was_sealed_opens_in_its_row_and_field(text: str, row: str, field: str) -> None:
    vault = Vault(KEY)
    sealed = vault.seal(Secret(text), org=ORG, row=row, field=field)
    assert vault.open(sealed, org=ORG, row=row, field=field) == Secret(text)
    assert vault.open(
        vault.seal(text.encode(), org=ORG, row=row, field=field), org=ORG, row=row, field=field
    ) == Secret(text)


def test_the_text_is_not_in_what_is_stored() -> None:
    assert PLAIN.encode() not in _sealed()


@given(
    sealed_for=st.tuples(st.text(max_size=4), st.text(max_size=4)),
    opened_as=st.tuples(st.text(max_size=4), st.text(max_size=4)),
)
def test_a_value_moved_to_another_row_or_field_does_not_open(
    sealed_for: tuple[str, str], opened_as: tuple[str, str]
) -> None:
    vault = Vault(KEY)
    sealed = vault.seal(Secret(PLAIN), org=ORG, row=sealed_for[0], field=sealed_for[1])
    if sealed_for == opened_as:
        assert vault.open(sealed, org=ORG, row=opened_as[0], field=opened_as[1]) == Secret(PLAIN)
    else:
        assert _refused(sealed, row=opened_as[0], field=opened_as[1]).code == "vault_value_damaged"


@pytest.mark.parametrize(("row", "field"), [("a", "bc"), ("ab", "c"), ("", "abc"), ("c", "ab")])
def test_the_border_between_field_and_row_cannot_be_shifted(row: str, field: str) -> None:
    sealed = Vault(KEY).seal(Secret(PLAIN), org=ORG, row="bc", field="a")
    _refused(sealed, row=row, field=field)


@given(place=st.integers(min_value=0), change=st.integers(min_value=1, max_value=255))
def test_a_byte_changed_anywhere_is_noticed(place: int, change: int) -> None:
    sealed = bytearray(_sealed())
    sealed[place % len(sealed)] ^= change
    _refused(bytes(sealed))


@pytest.mark.parametrize("org", ["org_2", "", ORG + ROW])
def test_a_value_moved_to_another_organization_does_not_open(org: str) -> None:
    with pytest.raises(VaultError) as caught:
        Vault(KEY).open(_sealed(), org=org, row=ROW, field=FIELD)
    assert caught.value.code == "vault_value_damaged"
    assert PLAIN not in repr(caught.value)


@pytest.mark.parametrize("org", [ORG, "org_2"])
def test_a_value_relabelled_as_of_the_version_that_bound_no_organization_opens_for_none(org: str) -> None:
    relabelled = b"\x01" + _sealed()[1:]
    for attempt in (Vault(KEY).open, Vault(KEY).reseal):
        with pytest.raises(VaultError) as caught:
            attempt(relabelled, org=org, row=ROW, field=FIELD)
        assert caught.value.code == "vault_value_damaged"


def test_every_bit_of_every_byte_counts() -> None:
    sealed = _sealed()
    for place in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[place] ^= 1 << bit
            _refused(bytes(changed))


def test_every_cut_and_every_addition_is_noticed() -> None:
    sealed = _sealed()
    for length in range(len(sealed)):
        _refused(sealed[:length])
    _refused(sealed + b"\0")


def test_another_key_is_refused_naming_the_one_that_is_needed() -> None:
    error = _refused(_sealed(), vault=Vault(OTHER))
    assert error.code == "vault_key_missing"
    assert KEY.id in error.message
    assert FIELD in error.message
    assert ROW in error.message


def test_the_active_key_seals_and_every_key_of_the_ring_opens() -> None:
    old = _sealed(Vault(OTHER))
    vault = Vault(KEY, OTHER)
    assert vault.open(old, org=ORG, row=ROW, field=FIELD) == Secret(PLAIN)
    _refused(_sealed(vault), vault=Vault(OTHER))
    assert Vault(KEY).open(_sealed(vault), org=ORG, row=ROW, field=FIELD) == Secret(PLAIN)


def test_a_value_relabelled_with_another_key_of_the_ring_does_not_open() -> None:
    sealed = _sealed()
    relabelled = sealed[:1] + bytes.fromhex(OTHER.id) + sealed[9:]
    assert _refused(relabelled, vault=Vault(KEY, OTHER)).code == "vault_value_damaged"


def test_the_same_text_is_never_sealed_with_the_same_nonce() -> None:
    vault = Vault(KEY)
    assert len({_sealed(vault)[9:21] for _ in range(1000)}) == 1000


def test_the_envelope_is_what_was_settled() -> None:
    source = random.Random(7)
    sealed = _sealed(Vault(KEY, random=source.randbytes))
    nonce = random.Random(7).randbytes(12)
    head = b"\x02" + bytes.fromhex(KEY.id)
    associated = (
        head
        + (5).to_bytes(4, "big")
        + ORG.encode()
        + (22).to_bytes(4, "big")
        + FIELD.encode()
        + (5).to_bytes(4, "big")
        + ROW.encode()
    )
    cipher = AESGCM(KEY.derive_subkey("sealed values, version 1"))
    assert sealed == head + nonce + cipher.encrypt(nonce, PLAIN.encode(), associated)


def test_the_keys_derivations_never_change_or_nothing_stored_would_open() -> None:
    assert KEY.id == "d757beeb58d5b8e8"
    assert (
        KEY.derive_subkey("sealed values, version 1").hex()
        == "4994fefcd8180c08faab335e874f074d746bfc76606f5d4cfe97961cc2a7c64c"
    )
    passphrase = VaultKey.from_passphrase(Secret("correct horse battery staple"), bytes(range(16)))
    assert passphrase.id == "62bc3e4411412bb1"


def test_a_purpose_has_a_key_of_its_own() -> None:
    assert len({KEY.derive_subkey("a"), KEY.derive_subkey("b"), OTHER.derive_subkey("a"), RAW}) == 4


def test_a_key_shows_its_id_alone() -> None:
    for shown in (repr(KEY), str(KEY), f"{KEY}", repr(Vault(KEY)), repr(KEY.to_text())):
        for secret in (RAW.hex(), repr(RAW), base64.b64encode(RAW).decode()):
            assert secret not in shown
    assert KEY.id in repr(KEY)
    assert KEY.id in repr(Vault(KEY))
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(KEY)


@given(raw=st.binary(min_size=32, max_size=32))
def test_every_way_to_write_a_key_is_read(raw: bytes) -> None:
    key = VaultKey(raw)
    ways = (raw.hex(), raw.hex().upper(), base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
    for written in (*ways, key.to_text().reveal()):
        assert VaultKey.parse(Secret(written)) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct horse battery staple",
        RAW.hex()[:-1],
        RAW.hex() + "0",
        RAW.hex()[:-1] + "g",
        base64.b64encode(RAW).decode()[:-1],
        base64.b64encode(bytes(33)).decode(),
        base64.b64encode(bytes(31)).decode(),
        "٣" * 64,
    ],
)
def test_any_other_text_is_no_key(text: str) -> None:
    assert VaultKey.parse(Secret(text)) is None


def test_a_passphrase_gives_another_key_with_another_salt() -> None:
    keys = [VaultKey.from_passphrase(Secret("a passphrase"), salt) for salt in (bytes(16), bytes(16), b"x" * 16)]
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes, not 16"):
        VaultKey(os.urandom(16))
