"""Where customers' records point: a registration's own name below the service's, and below Cloudflare's for challenges.

A name is 253 characters long at most (RFC 1035).
"""

import base64
from typing import Final

from dcvd.core.domains.domain import CHALLENGE_LABEL
from dcvd.core.domains.hostnames import is_within
from dcvd.core.ids import RandomBytes
from dcvd.errors import InvalidInput

TOKEN_LABEL: Final = "{token}."
"""As the first label of a configured target: every registration gets a label of its own in its place."""

_LONGEST_NAME: Final = 253
_TOKEN_BYTES: Final = 10
_EXAMPLE_SUFFIX: Final = "0123456789abcdef.dcv.cloudflare.com"
"""As long as every such name of Cloudflare's, for the time until ours is known."""


def service_name(template: str) -> str:
    """The name at and below which everything is the service's own."""
    return template.removeprefix(TOKEN_LABEL)


def belongs_to_service(name: str, template: str) -> bool:
    """Whether a customer must not have this name."""
    own = service_name(template)
    return is_within(name, own)


def new_target(template: str, random: RandomBytes) -> str:
    """Where the CNAME of a new registration has to point; with a token it is one that nobody ever had or will have."""
    if not is_target_template(template):
        return template
    # 80 random bits, in base 32 so that case does not matter (RFC 4648).
    return f"{base64.b32encode(random(_TOKEN_BYTES)).decode().lower()}.{service_name(template)}"


def is_target_template(target: str) -> bool:
    """Whether a target is still to be chosen, which happens when its domain is added."""
    return target.startswith(TOKEN_LABEL)


def challenge_target(name: str, suffix: str | None) -> str | None:
    """Where `_acme-challenge` of a hostname has to point; None as long as the suffix is not known."""
    return None if suffix is None else f"{name}.{suffix}"


def validate_delegable(name: str, suffix: str | None) -> None:
    """Raises InvalidInput for a hostname that is too long for a challenge of its own."""
    label = f"{CHALLENGE_LABEL}.{name}"
    target = f"{name}.{suffix or _EXAMPLE_SUFFIX}"
    longest = max(label, target, key=len)
    if len(longest) > _LONGEST_NAME:
        at_most = _LONGEST_NAME - (len(longest) - len(name))
        raise InvalidInput(
            "validation",
            f"{name} is too long to be validated by delegation: its challenge {longest} would have {len(longest)}"
            f" characters, and DNS carries {_LONGEST_NAME}. Use a hostname of at most {at_most} characters, or http.",
            code="hostname_too_long_to_delegate",
        )
