"""A name that nobody has registered yet: whether it can have a certificate at all."""

from collections.abc import Collection
from typing import Final

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.domains.domain import Finding
from dcvd.core.domains.hostnames import normalise
from dcvd.core.text import make_printable
from dcvd.errors import InvalidInput

LONGEST_COMMON_NAME: Final = 64
"""A certificate's common name holds no more (RFC 5280, ub-common-name); Cloudflare takes a longer hostname only with a
short name of its own beside it (`cloudflare_branding`)."""

_LONGEST_QUOTED_NAME: Final = 100


def name_findings(text: str, *, allowed_tlds: Collection[str] = ()) -> tuple[Finding, ...]:
    """What is to be said of a name as somebody typed it; `allowed_tlds` as in `hostnames.normalise`."""
    try:
        name = normalise(text, allowed_tlds=allowed_tlds)
    except InvalidInput as error:
        shown = make_printable(text)[:_LONGEST_QUOTED_NAME]
        return (
            Finding(
                code=FindingCode.HOSTNAME_INVALID,
                severity="error",
                actor="customer",
                message=f"{shown or 'An empty name'} cannot have a certificate. {error.message}",
                evidence=(shown,) if shown else (),
            ),
        )
    if len(name) <= LONGEST_COMMON_NAME:
        return ()
    return (
        Finding(
            code=FindingCode.HOSTNAME_TOO_LONG,
            severity="info",
            actor="nobody",
            message=f"{name} has more than {LONGEST_COMMON_NAME} characters, so its certificate also names a host of "
            "Cloudflare's (cloudflare_branding). That is done for you.",
            evidence=(f"{len(name)} characters",),
        ),
    )
