"""Where a customer's records have to point."""

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.dns.hostnames import normalise
from dcvd.core.domains.targets import belongs_to_service, challenge_target, new_target, validate_delegable
from dcvd.errors import InvalidInput

SUFFIX = "0123456789abcdef.dcv.cloudflare.com"


def test_without_a_token_every_registration_has_the_same_target() -> None:
    assert new_target("edge.example.net", os.urandom) == "edge.example.net"


def test_with_a_token_every_registration_has_a_label_of_its_own() -> None:
    targets = {new_target("{token}.edge.example.net", os.urandom) for _ in range(1000)}
    assert len(targets) == 1000
    for target in targets:
        assert re.fullmatch(r"[a-z2-7]{16}\.edge\.example\.net", target)
        assert normalise(target) == target


def test_all_80_random_bits_are_in_the_label() -> None:
    asked: list[int] = []

    def source(count: int) -> bytes:
        asked.append(count)
        return bytes(count - 1) + b"\x01"

    assert new_target("{token}.edge.example.net", source) == "aaaaaaaaaaaaaaab.edge.example.net"
    assert asked == [10]


@pytest.mark.parametrize("template", ["edge.example.net", "{token}.edge.example.net"])
def test_the_service_has_the_target_and_all_below_it(template: str) -> None:
    assert belongs_to_service("edge.example.net", template)
    assert belongs_to_service("abc.edge.example.net", template)
    assert not belongs_to_service("example.net", template)
    assert not belongs_to_service("hedge.example.net", template)


def test_a_challenge_points_below_the_suffix_once_that_is_known() -> None:
    assert challenge_target("app.customer.com", SUFFIX) == f"app.customer.com.{SUFFIX}"
    assert challenge_target("app.customer.com", None) is None


@given(
    length=st.integers(100, 253), suffix=st.sampled_from([None, SUFFIX, "a.dcv.cloudflare.com", f"{'a' * 60}.{SUFFIX}"])
)
def test_a_name_is_refused_exactly_when_its_challenge_would_not_fit_into_dns(length: int, suffix: str | None) -> None:
    name = ".".join(["a" * 49] * 5)[: length - 4].rstrip(".") + ".com"
    needed = len(name) + 1 + max(len("_acme-challenge"), len(suffix or SUFFIX))
    if needed <= 253:
        validate_delegable(name, suffix)
    else:
        with pytest.raises(InvalidInput, match="too long to be validated by delegation") as caught:
            validate_delegable(name, suffix)
        allowed = int(re.findall(r"at most (\d+) characters", caught.value.message)[0])
        assert allowed == len(name) - (needed - 253)
