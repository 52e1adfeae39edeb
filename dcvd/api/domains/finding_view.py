"""What is wrong with a domain, and the records that it needs, as JSON."""

from collections.abc import Iterable
from typing import assert_never

from msgspec import Struct

from dcvd.api.domains.record_view import RecordView, record_view
from dcvd.core.domains.claims import proof_record
from dcvd.core.domains.domain import Domain, Finding, FindingActor, Proof, Severity
from dcvd.core.domains.typed_records import find_zone
from dcvd.core.instants import format_instant, to_rfc3339
from dcvd.core.sentences.rendering import Language
from dcvd.core.sentences.sentence import Param, Sentence, TypedRecord
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view


class ErrorView(Struct, frozen=True):
    """Why something failed or stopped: a stable code and a sentence."""

    code: str
    message: str


class OwnershipView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the domain is proved to be yours, and the TXT record that proves it whatever the name points to.

    `proof`: `own_target` (the name leads to the target that this domain alone has), `txt`, `zone`, `operator`; or
    `shared_cname`, which is enough as long as no other organization proves the name. `record` is needed only where the
    name points to a target that all share, or hides where it points; it may stay. It is null for a name too long for
    it.
    """

    proof: Proof | None
    proved_at: Instant | None
    record: RecordView | None


class TypedRecordView(Struct, frozen=True):
    """A DNS record of a message, as it is typed. `value`: null until it is known."""

    type: str
    host: str
    value: str | None


ParamView = str | int | list[str] | TypedRecordView


class UndatedFindingView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One finding: what is wrong, who has to act, and the record to type.

    `params`: what the message speaks of, for texts of your own. `since`: since when it is known. `hurtsAt`: until when
    the domain works all the same; null where it hurts already.
    """

    code: str
    severity: Severity
    actor: FindingActor
    message: str
    params: dict[str, ParamView]
    fix: RecordView | None
    evidence: list[str]
    since: Instant | None
    hurts_at: Instant | None


class FindingView(UndatedFindingView, frozen=True, kw_only=True, rename="camel"):
    """One finding: what is wrong, who has to act, the record to type, and when the next check makes sense."""

    next_check_at: Instant


def ownership_view(domain: Domain) -> OwnershipView:
    """Show how a domain is proved; the same whether or not others claim its name."""
    record = proof_record(domain.id, domain.name)
    return OwnershipView(
        proof=domain.proof,
        proved_at=format_instant(domain.proved_at),
        record=None if record is None else record_view(record, find_zone(domain)),
    )


def params_view(sentences: Iterable[Sentence]) -> dict[str, ParamView]:
    """Show the parameters of sentences by their names; of two with one name, the first.

    Words that a language has for something are shown by their id, which stays, and with their own parameters.
    """
    shown: dict[str, ParamView] = {}
    for sentence in sentences:
        nested = [value for value in sentence.params.values() if isinstance(value, Sentence)]
        for name, value in sentence.params.items():
            shown.setdefault(name, _param_view(value))
        for name, inner in params_view(nested).items():
            shown.setdefault(name, inner)
    return shown


def _param_view(value: Param) -> ParamView:
    match value:
        case str() | int():
            return value
        case TypedRecord(type=record_type, host=host, value=record_value):
            return TypedRecordView(record_type, host, record_value if isinstance(record_value, str) else None)
        case Sentence(id=sentence_id):
            return sentence_id
        case tuple():
            return list(value)
        case _:
            assert_never(value)


def finding_view(finding: Finding, next_check_at: int, zone: str, language: Language = "en") -> FindingView:
    """Show a finding about a domain in this zone; one without a time of its own gets that of the next check."""
    check_at = next_check_at if finding.next_check_at is None else finding.next_check_at
    return build_view(
        FindingView,
        finding,
        message=finding.say(language),
        params=params_view(finding.list_sentences()),
        fix=None if finding.fix is None else record_view(finding.fix, zone),
        next_check_at=to_rfc3339(check_at),
        since=format_instant(finding.since),
        hurts_at=format_instant(finding.hurts_at),
    )
