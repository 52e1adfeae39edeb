"""Why a diagnosis came out as it did: the facts of the check, and who was asked what, as JSON."""

from collections.abc import Sequence

from msgspec import Struct

from dcvd.core.dns.facts import DnsFacts, QueryOutcome, SentQuery
from dcvd.http.answers.views import build_view


class DnsQueryView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A query that the check sent, and what came."""

    server: str
    recursive: bool
    name: str
    type: str
    outcome: QueryOutcome
    answer: str
    duration_ms: int


class ServerAnswerView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one of the zone's own servers answered about the hostname's CNAME."""

    name: str
    address: str
    outcome: QueryOutcome
    exists: bool
    cname: str | None
    ttl: int | None
    serial: int | None


class ResolverAnswerView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a resolver answered about the hostname's CNAME."""

    address: str
    outcome: QueryOutcome
    exists: bool
    cname: str | None
    ttl: int | None


class ObservedRecordView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A record at the hostname itself, of another type than CNAME."""

    type: str
    value: str


class CaaPolicyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The CAA policy that a certificate authority finds.

    `ownerName`: the name whose records decide; null where no name up to the root has any.
    """

    start_name: str
    outcome: QueryOutcome
    owner_name: str | None
    issue: list[str] | None
    issuewild: list[str] | None


class ChallengeAnswerView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What stands at `_acme-challenge` below the hostname."""

    outcome: QueryOutcome
    chain: list[str]
    texts: list[str]
    addresses: list[str]


class DnsFactsView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the check found. What it did not ask is null or empty.

    `answered`: whether a server that may say so answered. `incomplete`: whether a server on the way gave no answer, so
    that there may be more than is listed. `registered`: whether the registry has the domain; null where that was not
    seen.
    """

    answered: bool
    incomplete: bool
    exists: bool
    registered: bool | None
    zone: str | None
    nameservers: list[str]
    chain: list[str]
    addresses: list[str]
    target_addresses: list[str]
    other_records: list[ObservedRecordView]
    servers: list[ServerAnswerView]
    resolvers: list[ResolverAnswerView]
    caa: CaaPolicyView | None
    target_caa: CaaPolicyView | None
    challenge: ChallengeAnswerView | None


class DiagnosisExplanation(Struct, frozen=True, kw_only=True, rename="camel"):
    """The facts of the check, and their sources: each query in the order in which its answer came."""

    facts: DnsFactsView
    queries: list[DnsQueryView]


def diagnosis_explanation(facts: DnsFacts, queries: Sequence[SentQuery]) -> DiagnosisExplanation:
    """Show the facts of a check, and what it asked."""
    return DiagnosisExplanation(
        facts=build_view(
            DnsFactsView,
            facts,
            answered=facts.outcome == "answered",
            incomplete=facts.is_incomplete,
            registered=facts.is_registered,
        ),
        queries=[build_view(DnsQueryView, query) for query in queries],
    )
