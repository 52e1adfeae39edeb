"""The tokens in mails: the same for the same occasion, another for any other."""

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.alerts.contacts import LinkAction, derive_link_token, hash_link_token, mint_link_key
from dcvd.core.secret import Secret
from dcvd.kit.logs.redaction import scrub

Occasion = tuple[str, LinkAction, str]
OCCASIONS = st.tuples(st.sampled_from(["00" * 32, "01" * 32]), st.sampled_from(LinkAction), st.text())


@given(OCCASIONS, OCCASIONS)
def test_a_token_tells_nothing_of_any_other(
    one: tuple[str, LinkAction, str], other: tuple[str, LinkAction, str]
) -> None:
    tokens = [
        derive_link_token(Secret(key), action, text.encode(errors="replace").decode())
        for key, action, text in (one, other)
    ]
    same = [tuple(str(part).encode(errors="replace") for part in each) for each in (one, other)]
    assert (tokens[0] == tokens[1]) == (same[0] == same[1])
    assert scrub(f"at {tokens[0].reveal()} it") == "at [redacted] it"


def test_a_key_has_256_random_bits_and_any_text_has_a_hash() -> None:
    assert mint_link_key(bytes).reveal() == "00" * 32
    assert len(hash_link_token("\ud800")) == 64
