"""The header Cookie, of which other sites of the same domain may have written a part."""

from collections.abc import Iterator


def list_cookies(header: str, name: str) -> Iterator[str]:
    """Yield the values of the cookies of one name, in their order (RFC 6265bis, section 5.8.3).

    Each part stands for itself: what another application wrote may have blanks, quotes or anything else in it, and
    hides no cookie behind it.
    """
    for part in header.split(";"):
        found, separator, value = part.strip(" \t").partition("=")
        if separator and found == name:
            yield value
