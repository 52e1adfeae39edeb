"""Targets of customers' CNAMEs: the service's name or a label below it, and Cloudflare's name for challenges."""

from typing import Final

from msgspec.structs import replace

from dcvd.core.addresses import MAX_NAME_CHARS
from dcvd.core.base32 import RFC_4648
from dcvd.core.dns.hostnames import is_cname_target, is_within
from dcvd.core.dns.refused_names import RefusedName
from dcvd.core.domains.domain import CHALLENGE_LABEL, Domain, Record
from dcvd.core.ids import RandomBytes
from dcvd.core.sentences.sentence import say

TOKEN_LABEL: Final = "{token}."
"""The first label of a configured target in whose place every registration gets its own random label."""

DELEGATION_ZONE: Final = "dcv.cloudflare.com"
"""Cloudflare answers challenges below this name, under a label that it gives to each zone."""

_TOKEN_BYTES: Final = 10
_EXAMPLE_SUFFIX: Final = f"0123456789abcdef.{DELEGATION_ZONE}"
"""A stand-in until Cloudflare's name for our zone is known; all such names have the same length."""


def service_name(template: str) -> str:
    """Return the service's own name, without the label `{token}` of a configured target."""
    return template.removeprefix(TOKEN_LABEL)


def belongs_to_service(name: str, template: str) -> bool:
    """Whether a name is the service's own or below it, so that no customer may have it."""
    own = service_name(template)
    return is_within(name, own)


def new_target(template: str, random: RandomBytes) -> str:
    """Return the target of a new registration's CNAME; with `{token}` it is random, so that nobody else ever has it."""
    if not is_target_template(template):
        return template
    # 80 random bits, in base 32 so that case does not matter (RFC 4648).
    return f"{RFC_4648.write(random(_TOKEN_BYTES))}.{service_name(template)}"


def is_made_from(target: str, template: str) -> bool:
    """Whether a registration's target was made from this configured one, and not from an earlier one."""
    if not is_target_template(template):
        return target == template
    return target.partition(".")[2] == service_name(template)


def is_target_template(target: str) -> bool:
    """Whether a target still has the label `{token}`, which is replaced when a domain is added."""
    return target.startswith(TOKEN_LABEL)


def challenge_target(name: str, suffix: str | None) -> str | None:
    """Return where `_acme-challenge` of a hostname has to point; None as long as the suffix is not known."""
    return None if suffix is None else f"{name}.{suffix}"


def choose_challenge_target(domain: Domain, delegation: Record | None) -> str | None:
    """Choose the target of `_acme-challenge`; Cloudflare shows it only while an order is open, so the last one stays.

    A record of another name, or with a value that cannot be a target, is ignored.
    """
    if delegation is None or delegation.name != f"{CHALLENGE_LABEL}.{domain.name}":
        return domain.challenge_target
    return delegation.value if is_cname_target(delegation.value) else domain.challenge_target


def fill_challenge_target(domain: Domain, suffix: str | None) -> Domain:
    """Return the domain with where its `_acme-challenge` has to point, if it lacks that and the suffix is known."""
    if domain.validation != "delegated" or domain.challenge_target is not None:
        return domain
    return replace(domain, challenge_target=challenge_target(domain.name, suffix))


def validate_delegable(name: str, suffix: str | None) -> None:
    """Raise RefusedName for a hostname that is too long for delegated validation."""
    label = f"{CHALLENGE_LABEL}.{name}"
    target = f"{name}.{suffix or _EXAMPLE_SUFFIX}"
    longest = max(label, target, key=len)
    if len(longest) > MAX_NAME_CHARS:
        at_most = MAX_NAME_CHARS - (len(longest) - len(name))
        sentence = say(
            "hostname_beyond_delegation",
            name=name,
            challenge=longest,
            length=len(longest),
            most=MAX_NAME_CHARS,
            allowed=at_most,
        )
        raise RefusedName("validation", sentence, code="hostname_too_long_to_delegate")
