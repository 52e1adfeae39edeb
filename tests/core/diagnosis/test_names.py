"""A name before anything is registered: can it have a certificate?"""

import pytest

from dcvd.core.diagnosis.names import name_findings
from tests.core.builders import NAME


@pytest.mark.parametrize(
    "name", ["a_b.customer.com", "co.uk", "app.test", "app.localhost", "192.0.2.1", "*.customer.com"]
)
def test_a_name_that_no_ca_certifies_is_told_with_its_reason(name: str) -> None:
    (finding,) = name_findings(name)
    assert (finding.code, finding.severity, finding.actor) == ("hostname_invalid", "error", "customer")
    assert finding.message.startswith(f"{name} cannot have a certificate. ")
    assert finding.message.endswith(".")
    assert finding.fix is None


def test_a_healthy_name_is_no_news() -> None:
    for name in (NAME, NAME.upper() + ".", "bücher.kunde.de", "customer.com"):
        assert name_findings(name) == ()
    assert name_findings("app.customer.test", allowed_tlds=("test",)) == ()


def test_an_empty_and_a_hostile_name_are_told_in_one_short_line() -> None:
    for name in ("", " ", "a\x1b[31m.customer.com", "\u202eapp.customer.com", "x" * 100_000):
        (finding,) = name_findings(name)
        assert finding.code == "hostname_invalid"
        assert len(finding.message) < 1000
        assert finding.message.startswith(("An empty name cannot", "a", "x", "app"))


def test_a_name_of_more_than_64_characters_concerns_nobody() -> None:
    fits = f"{'a' * 51}.customer.com"
    assert len(fits) == 64
    assert name_findings(fits) == ()
    (finding,) = name_findings(f"a{fits}")
    assert (finding.code, finding.severity, finding.actor) == ("hostname_too_long", "info", "nobody")
    assert finding.evidence == ("65 characters",)
