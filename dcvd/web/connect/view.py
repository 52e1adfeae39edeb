"""What the page of a domain shows."""

from collections.abc import Sequence
from typing import Any, Final, assert_never
from urllib.parse import quote

from msgspec import Struct

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.diagnosis.reason import find_awaited
from dcvd.core.dns.provider_table import CLOUDFLARE
from dcvd.core.domains.domain import DnsState
from dcvd.core.domains.typed_records import RECORD_TTL, find_place
from dcvd.core.records.plan import DnsPlan
from dcvd.core.sentences.rendering import render
from dcvd.services.domain_setup import DomainSetup, PageOwner
from dcvd.web.pages.page import Words

_MAX_MAIL_CHARACTERS: Final = 4000


class RecordCard(Struct, frozen=True, kw_only=True):
    """A record as the customer types it; value: None until Cloudflare has chosen it."""

    type: str
    host: str
    value: str | None
    ttl: int
    note: str | None
    is_verified: bool


def build_setup_view(
    setup: DomainSetup, owner: PageOwner, words: Words, *, is_part: bool = False, is_check_pending: bool = False
) -> dict[str, Any]:
    """Return what the template of a domain's state takes. is_part: it replaces what an open page shows."""
    cards = _build_cards(setup, words)
    text = _build_mail(setup, owner, cards, words)
    subject = words("connect_mail_subject", hostname=setup.domain.name)
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
        "mail_text": text,
        "mail_url": f"mailto:?subject={quote(subject)}&body={quote(text[:_MAX_MAIL_CHARACTERS])}",
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


def _build_cards(setup: DomainSetup, words: Words) -> tuple[RecordCard, ...]:
    return tuple(
        RecordCard(
            type=record.type,
            host=find_place(record.name, setup.zone).host,
            value=record.value,
            ttl=RECORD_TTL,
            note=None if record.note is None else render((record.note,), words.language),
            is_verified=record.is_verified,
        )
        for record in setup.records
    )


def _build_mail(setup: DomainSetup, owner: PageOwner, cards: Sequence[RecordCard], words: Words) -> str:
    """Write the text for whoever runs the customer's DNS."""
    known = [card for card in cards if card.value is not None]
    intro = words(
        "connect_mail_intro_many" if len(known) > 1 else "connect_mail_intro",
        hostname=setup.domain.name,
        organization=owner.shown_name,
    )
    lines = [intro]
    for card in known:
        lines += [
            "",
            f"{words('connect_type')}: {card.type}",
            f"{words('connect_name')}: {card.host}   ({setup.zone})",
            f"{words('connect_value')}: {card.value}",
            f"{words('connect_ttl')}: {card.ttl}",
        ]
    return "\r\n".join(lines) + "\r\n"


class PlannedChange(Struct, frozen=True):
    """One line of a plan: `add`, `remove` or `done`, or what is in the way (`blocked`), in words."""

    kind: str
    text: str


def list_changes(plan: DnsPlan) -> list[PlannedChange]:
    """List what a plan would do, record by record."""
    changes = []
    for step in plan.steps:
        host = find_place(step.record.name, plan.zone).host
        changes += [PlannedChange("remove", f"{each.type} {host} {each.value}") for each in step.to_remove]
        changes += [PlannedChange("add", f"{each.type} {host} {each.value}") for each in step.to_add]
        if step.obstacle is not None:
            changes.append(PlannedChange("blocked", step.obstacle.message))
        elif not step.to_add:
            changes.append(PlannedChange("done", f"{step.record.type} {host} {step.record.value}"))
    return changes
