"""Mistakes of customers and their DNS providers: records that were saved as something else than was meant."""

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import customer_error, type_record, type_required_cname
from dcvd.core.dns.cloudflare_networks import is_cloudflare_address
from dcvd.core.dns.facts import DnsFacts, ObservedRecord, OtherNameAnswer
from dcvd.core.dns.hostnames import relative_name
from dcvd.core.dns.providers import is_in_cloudflare_zone
from dcvd.core.domains.domain import WILDCARD_LABEL, Finding, Record
from dcvd.core.sentences.sentence import Sentence, say
from dcvd.core.text import is_slip, join_names, make_printable


def find_doubled_name(facts: DnsFacts) -> Finding | None:
    """Find a record that the provider saved at `app.customer.com.customer.com`, with the zone appended to its name."""
    doubled = facts.doubled_answer
    if doubled is None or facts.is_apex or not _has_data(doubled):
        return None
    if _is_same_answer(doubled, facts.sibling_answer) or _is_same_answer(doubled, facts.doubled_sibling_answer):
        return None
    label = relative_name(facts.hostname, doubled.name.removeprefix(f"{facts.hostname}."))
    leads_to = [doubled.cname] if doubled.cname is not None else list(doubled.addresses)
    return customer_error(
        facts,
        FindingCode.NAME_DOUBLED,
        say("name_doubled", saved=doubled.name, host=label),
        [f"{doubled.name} leads to {join_names(leads_to)}"],
        fix=Record("CNAME", label, facts.target),
    )


def find_doubled_target(facts: DnsFacts) -> Finding | None:
    """Find a record that leads to `edge.saas.net.customer.com`, because the provider appended the zone to its value."""
    first = facts.chain[0]
    if not first.startswith(f"{facts.target}."):
        return None
    appended = first.removeprefix(f"{facts.target}.")
    if f".{facts.hostname}".endswith(f".{appended}"):
        return customer_error(
            facts,
            FindingCode.TARGET_DOUBLED,
            say("target_doubled", name=facts.hostname, alias=first, appended=appended, target=f"{facts.target}."),
            facts.chain,
            fix=Record("CNAME", facts.hostname, f"{facts.target}."),
        )
    return None


def find_wrong_type(facts: DnsFacts) -> Finding | None:
    """Find that all that is in the way is a TXT record whose text is the target: its type was chosen wrong."""
    records = list_records_in_the_way(facts)
    texts = [record.value for record in records if record.type == "TXT"]
    if not texts or len(texts) < len(records) or not all(is_name_in_text(text, facts.target) for text in texts):
        return None
    message = say("wrong_type_for", name=facts.hostname, target=facts.target)
    return customer_error(facts, FindingCode.WRONG_RECORD_TYPE, message, [f"TXT {text}" for text in texts])


def list_records_in_the_way(facts: DnsFacts) -> list[ObservedRecord]:
    """Return the records beside which the hostname cannot have its CNAME; Cloudflare keeps mail records beside one."""
    keeps_mail = is_in_cloudflare_zone(facts)
    return [record for record in facts.other_records if not (keeps_mail and record.type == "MX")]


def is_name_in_text(text: str, name: str) -> bool:
    """Whether the text of a TXT record is a name, with or without quotes, a final dot and a scheme."""
    typed = text.strip('" ').lower().removeprefix("https://").removeprefix("http://").rstrip("./ ")
    return typed == name


def describe_slip(typed: str, meant: str) -> Sentence | None:
    """Return a sentence on a name that differs from the one meant by a slip; None where it is another name."""
    return say("slip", typed=make_printable(typed), meant=meant) if is_slip(typed, meant) else None


def find_masking_wildcard(facts: DnsFacts) -> Finding | None:
    """Find a wildcard that answers for the hostname: a random name beside it gets the same answer."""
    sibling = facts.sibling_answer
    if sibling is None or not is_wildcards_answer(facts):
        return None
    leads_to = _describe_end(sibling)
    return customer_error(
        facts,
        FindingCode.WILDCARD_MASKS,
        say("wildcard_masks", hostname=facts.hostname, end=leads_to, record=type_required_cname(facts)),
        [f"{sibling.name} leads to {leads_to} as well"],
    )


def find_endangered_wildcard(facts: DnsFacts, *, wants_names_below: bool) -> Finding | None:
    """Find that the hostname leads here by a wildcard alone, which any record below the hostname takes away from it.

    wants_names_below: whether names below the hostname have to lead here as well. Where they do by a wildcard of their
        own, nothing tells whether the hostname has a record of its own too.
    """
    sibling = facts.sibling_answer
    if sibling is None or facts.below_answer is None or not is_wildcards_answer(facts):
        return None
    evidence = [f"{sibling.name} leads to {_describe_end(sibling)} as well"]
    sentence_id = "wildcard_may_end" if wants_names_below else "wildcard_will_end"
    message = say(sentence_id, hostname=facts.hostname, record=type_required_cname(facts))
    return customer_error(facts, FindingCode.WILDCARD_MASKS, message, evidence)


def find_missing_wildcard(facts: DnsFacts) -> Finding | None:
    """Find that names below the hostname do not lead here, of a domain whose certificate is for them too."""
    below = facts.below_answer
    if below is None or {facts.target, facts.hostname, *facts.chain} & {below.cname, *below.chain}:
        return None
    if (
        below.cname is None
        and below.addresses
        and (
            not facts.target_addresses
            or set(below.addresses) & set(facts.target_addresses)
            or all(is_cloudflare_address(address) for address in below.addresses)
        )
    ):
        return None
    record = Record("CNAME", f"{WILDCARD_LABEL}.{facts.hostname}", facts.target)
    message = say("wildcard_missing", hostname=facts.hostname, record=type_record(facts, record))
    evidence = [f"{below.name} leads to {_describe_end(below)}" if _has_data(below) else f"{below.name} has no record"]
    return customer_error(facts, FindingCode.WILDCARD_MISSING, message, evidence, fix=record)


def is_wildcards_answer(facts: DnsFacts) -> bool:
    """Whether what is answered for the hostname is a wildcard's, and the hostname has no record of its own."""
    sibling = facts.sibling_answer
    if sibling is None or facts.is_apex or not _has_data(sibling):
        return False
    cname = facts.chain[0] if facts.chain else None
    own = OtherNameAnswer(name=facts.hostname, exists=True, cname=cname, addresses=facts.addresses)
    below = facts.below_answer
    return _is_same_answer(sibling, own) and (below is None or _is_same_answer(below, own))


def _describe_end(answer: OtherNameAnswer) -> str:
    return join_names([answer.cname] if answer.cname is not None else list(answer.addresses))


def _has_data(other: OtherNameAnswer) -> bool:
    # A name without records of its own exists when there are names below it.
    return other.exists and (other.cname is not None or bool(other.addresses))


def _is_same_answer(one: OtherNameAnswer, other: OtherNameAnswer | None) -> bool:
    if other is None or not _has_data(other):
        return False
    if one.cname is not None or other.cname is not None:
        return one.cname == other.cname
    return set(one.addresses) == set(other.addresses)
