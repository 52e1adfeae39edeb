"""What the page of a domain shows."""

from typing import Any, assert_never

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.diagnosis.reason import find_awaited
from dcvd.core.dns.provider_table import CLOUDFLARE
from dcvd.core.domains.domain import DnsState
from dcvd.services.domain_setup import DomainSetup, PageOwner
from dcvd.web.domains.record_cards import build_cards, build_mail
from dcvd.web.pages.page import Words


def build_setup_view(
    setup: DomainSetup, owner: PageOwner, words: Words, *, is_part: bool = False, is_check_pending: bool = False
) -> dict[str, Any]:
    """Return what the template of a domain's state takes. is_part: it replaces what an open page shows."""
    cards = build_cards(setup.records, setup.zone, words)
    is_ready = setup.domain.is_ready
    return {
        "setup": setup,
        "title": words(_choose_title(setup), hostname=setup.domain.name),
        "verdict": words(_choose_verdict(setup), hostname=setup.domain.name, organization=owner.shown_name),
        "is_ready": is_ready,
        **_describe_state(setup),
        "has_faults": any(finding.severity == "error" for finding in setup.findings),
        "records": () if is_ready else cards,
        "provider": setup.provider,
        "is_cloudflare": setup.provider is not None and setup.provider.name == CLOUDFLARE.name,
        "is_part": is_part,
        "is_check_pending": is_check_pending,
        **build_mail(cards, setup.domain.name, setup.zone, owner.shown_name, words),
    }


def _describe_state(setup: DomainSetup) -> dict[str, str]:
    """Return what a site around the page is told: `error` is what does not go on by itself, or worked before."""
    domain = setup.domain
    if domain.is_ready:
        return {"state": "ready", "error_code": ""}
    codes = [finding.code for finding in setup.findings if finding.severity == "error"]
    if domain.error is not None:
        return {"state": "error", "error_code": domain.error.code}
    if domain.broken_since is not None and codes:
        return {"state": "error", "error_code": codes[0]}
    return {"state": "open", "error_code": ""}


def _choose_title(setup: DomainSetup) -> str:
    if setup.domain.is_ready:
        return "connect_title_ready"
    return "connect_title" if setup.domain.broken_since is None else "connect_title_broken"


def _choose_verdict(setup: DomainSetup) -> str:
    """Choose the sentence that says whether the customer has to act, who may not know what a CNAME is."""
    domain = setup.domain
    if domain.is_ready:
        return "connect_verdict_ready"
    match find_awaited(domain):
        case Awaited.CUSTOMER:
            if domain.broken_since is not None:
                return "connect_verdict_broken"
            is_told = any(finding.severity == "error" for finding in setup.findings)
            return "connect_verdict_customer" if is_told else "connect_verdict_first_check"
        case Awaited.TENANT | Awaited.OPERATOR:
            return "connect_verdict_organization"
        case Awaited.CLOUDFLARE | Awaited.NOBODY | None:
            is_asked = domain.dns_state is DnsState.UNKNOWN
            return "connect_verdict_first_check" if is_asked else "connect_verdict_waiting"
        case other:
            assert_never(other)
