"""The operator's chat and paging services: addresses that hold secrets, as Apprise writes them."""

import hashlib

from msgspec import Struct

from dcvd.core.secret import Secret


class Target(Struct, frozen=True):
    """An address of a service. fingerprint: stands for it where the address itself must not stand."""

    url: Secret
    fingerprint: str


def parse_targets(text: Secret | None) -> list[Target]:
    """Return the addresses of a file, one a line; empty lines and those that begin with # are none."""
    lines = [] if text is None else [line.strip() for line in text.reveal().splitlines()]
    return [Target(Secret(line), _fingerprint(line)) for line in lines if line and not line.startswith("#")]


def _fingerprint(url: str) -> str:
    scheme = url.partition("://")[0]
    return f"{scheme[:20] if scheme.isalnum() else 'target'} {hashlib.sha256(url.encode()).hexdigest()[:12]}"
