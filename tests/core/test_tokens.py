"""API tokens: their form, their hash and the ranks of their roles."""

import hashlib
import itertools

import pytest

from dcvd.core.tokens.networks import normalise_networks
from dcvd.core.tokens.token import Role, has_rank, hash_token, is_expired, is_well_formed, may_write, mint_token
from dcvd.errors import InvalidInput
from tests.core.builders import NOW, counting_bytes


def test_a_minted_token_is_the_prefix_and_32_hex_digits() -> None:
    assert mint_token(counting_bytes()).reveal() == "dcv_live_000102030405060708090a0b0c0d0e0f"


def test_a_minted_token_does_not_show_itself() -> None:
    assert "dcv_live_" not in repr(mint_token(counting_bytes()))


def test_what_is_stored_is_the_sha256_of_the_whole_token() -> None:
    plain = mint_token(counting_bytes()).reveal()
    assert hash_token(plain) == hashlib.sha256(plain.encode("ascii")).hexdigest()


@pytest.mark.parametrize(
    "text",
    ["", "dcv_live_", "dcv_live_" + "a" * 31, "dcv_live_" + "a" * 33, "dcv_live_" + "A" * 32, "dcv_test_" + "a" * 32,
     " dcv_live_" + "a" * 32, "dcv_live_" + "a" * 32 + "\n", "dcv_live_" + "g" * 32, "dcv_live_" + "١" * 32],
)  # fmt: skip
def test_junk_is_told_from_a_token_by_its_form(text: str) -> None:
    assert is_well_formed("dcv_live_" + "a1" * 16)
    assert not is_well_formed(text)


def test_a_member_reads_and_admin_and_owner_write() -> None:
    assert {role: may_write(role) for role in Role} == {Role.MEMBER: False, Role.ADMIN: True, Role.OWNER: True}


def test_nobody_mints_a_role_above_their_own() -> None:
    order = ["member", "admin", "owner"]
    for minter, role in itertools.product(Role, Role):
        assert has_rank(minter, role) == (order.index(role.value) <= order.index(minter.value))


def test_a_token_is_dead_from_its_expiry_on_to_the_millisecond() -> None:
    assert not is_expired(NOW, NOW - 1)
    assert is_expired(NOW, NOW)
    assert is_expired(NOW, NOW + 1)
    assert not is_expired(None, 2**62)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("192.0.2.1", "192.0.2.1/32"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("2001:DB8::/48", "2001:db8::/48"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
    ],
)
def test_a_network_is_kept_in_its_normal_form(text: str, normal: str) -> None:
    assert normalise_networks([text, normal]) == (normal,)


@pytest.mark.parametrize(
    "text", ["", "192.0.2.1/24", "fe80::%eth0/64", "fe80::1%1", " 192.0.2.0/24", "192.0.2.0/٢٤", "any"]
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no network such as"):
        normalise_networks([text])
