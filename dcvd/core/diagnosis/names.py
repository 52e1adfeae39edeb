"""Diagnosis of a name by itself: whether it can have a certificate at all."""

from collections.abc import Collection
from typing import Final

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.dns.hostnames import list_unusual_labels, normalise
from dcvd.core.dns.refused_names import RefusedName
from dcvd.core.domains.domain import Finding
from dcvd.core.sentences.sentence import say
from dcvd.core.text import make_printable

MAX_COMMON_NAME_CHARS: Final = 64
"""The most characters of a certificate's common name (RFC 5280, ub-common-name). Cloudflare accepts a longer hostname
only with a short name of Cloudflare's own beside it (`cloudflare_branding`)."""

_MAX_QUOTED_NAME_CHARS: Final = 100


def name_findings(text: str, *, allowed_tlds: Collection[str] = ()) -> tuple[Finding, ...]:
    """Return the findings about a name as somebody typed it; `allowed_tlds` as in `hostnames.normalise`."""
    try:
        name = normalise(text, allowed_tlds=allowed_tlds)
    except RefusedName as error:
        quoted = make_printable(text)[:_MAX_QUOTED_NAME_CHARS]
        return (new_finding(FindingCode.HOSTNAME_INVALID, "error", "customer", error.sentences, [quoted]),)
    return (*_length_findings(name), *unusual_name_findings(name))


def unusual_name_findings(name: str) -> tuple[Finding, ...]:
    """Return the finding that a name has labels which not everybody takes."""
    labels = list_unusual_labels(name)
    if not labels:
        return ()
    message = say("name_unusual", name=name, labels=tuple(labels))
    return (new_finding(FindingCode.HOSTNAME_UNUSUAL, "warning", "customer", message, labels),)


def _length_findings(name: str) -> tuple[Finding, ...]:
    if len(name) <= MAX_COMMON_NAME_CHARS:
        return ()
    message = say("name_long", name=name, count=MAX_COMMON_NAME_CHARS)
    return (new_finding(FindingCode.HOSTNAME_TOO_LONG, "info", "nobody", message, [f"{len(name)} characters"]),)
