"""Keys and lines of bulk calls."""

from dcvd.core.domains.bulk import fingerprint_line, to_refusal
from dcvd.errors import InvalidInput


def test_a_line_that_adds_is_another_than_the_same_line_that_removes() -> None:
    content = b'{"domainName":"app.customer.com"}'
    assert fingerprint_line("add", content) == fingerprint_line("add", content)
    assert (
        len(
            {
                fingerprint_line("add", content),
                fingerprint_line("remove", content),
                fingerprint_line("add", content + b" "),
            }
        )
        == 3
    )


def test_a_long_refusal_is_cut() -> None:
    assert len(to_refusal(InvalidInput("domainName", "x" * 10_000)).message) < 500
