"""A diagnosis as text for a terminal. Text from strangers' zones is made printable, so that it cannot control it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from dcvd.cli.operations.diagnosis_view import DiagnosisOutput, DnsOutput, FindingOutput
from dcvd.cli.terminal.style import TerminalStyle
from dcvd.cli.terminal.tables import format_facts, format_instant, format_table
from dcvd.core.domains.dns_facts import ResolverAnswer, SentQuery, ServerAnswer
from dcvd.core.domains.domain import DnsState, FindingActor, Severity
from dcvd.core.domains.targets import TOKEN_LABEL
from dcvd.core.text import make_printable

_ACTOR_SENTENCES: Final[dict[FindingActor, str]] = {
    "customer": "the domain's owner has to act",
    "operator": "you, the operator, have to act",
    "nobody": "no action needed",
}
_FAILURE_WORDS: Final = {
    "servfail": "failed (SERVFAIL)",
    "refused": "refused",
    "not_authoritative": "does not serve the zone",
    "timeout": "no answer in time",
    "unreachable": "could not be reached",
    "malformed": "an answer that is none",
}


def format_report(
    diagnosis: DiagnosisOutput,
    dns: DnsOutput,
    style: TerminalStyle,
    *,
    source: str | None,
    queries: Sequence[SentQuery] | None = None,
) -> str:
    """Format the whole report, in paragraphs.

    source: who was asked; None: nobody, because the name is none. queries: what was asked, if that is to be told.
    """
    parts = [
        _format_verdict(diagnosis, style),
        *_format_findings(diagnosis, style),
        *_format_records(diagnosis, style),
        *_format_answers(dns, style),
        *([] if queries is None else _format_queries(queries, style)),
    ]
    parts.append(style.dim("Not a valid name; nothing was checked." if source is None else f"Asked: {source}"))
    return "\n\n".join(parts)


def _format_verdict(diagnosis: DiagnosisOutput, style: TerminalStyle) -> str:
    name = make_printable(diagnosis.domain_name)
    if diagnosis.is_healthy:
        line = style.mark_good(f"{name} is healthy.")
    elif any(finding.severity == "error" for finding in diagnosis.findings) or diagnosis.error is not None:
        count = max(1, sum(finding.severity == "error" for finding in diagnosis.findings))
        line = style.mark_bad(f"{name} does not work yet: {count} {'problem' if count == 1 else 'problems'}.")
    elif diagnosis.status is None and diagnosis.dns_status is None:
        line = style.mark_doubtful(f"{name} could not be checked.")
    else:
        line = style.mark_doubtful(f"{name} is not ready yet.")
    facts = [("Summary", make_printable(diagnosis.summary))]
    if diagnosis.status is not None:
        facts += [("Status", f"{diagnosis.status.value}, {'ready' if diagnosis.ready else 'not ready'}")]
    if diagnosis.dns_status is not None:
        facts += [("DNS", diagnosis.dns_status.value)]
    if diagnosis.checked_at is not None:
        facts += [("Checked", format_instant(diagnosis.checked_at, missing=""))]
    if diagnosis.next_check_at is not None:
        facts += [("Next", format_instant(diagnosis.next_check_at, missing=""))]
    return f"{line}\n{format_facts(facts)}"


def _format_findings(diagnosis: DiagnosisOutput, style: TerminalStyle) -> Iterator[str]:
    colours: dict[Severity, Callable[[str], str]] = {
        "error": style.mark_bad, "warning": style.mark_doubtful, "info": style.dim
    }  # fmt: skip
    for finding in diagnosis.findings:
        head = f"{finding.severity.upper()}  {make_printable(finding.code)}"
        lines = [
            f"{colours[finding.severity](head)}  ({_ACTOR_SENTENCES[finding.actor]})",
            f"  {make_printable(finding.message)}",
        ]
        lines += [f"  {line}" for line in _format_details(finding, style)]
        yield "\n".join(lines)


def _format_details(finding: FindingOutput, style: TerminalStyle) -> Iterator[str]:
    fix = finding.fix
    if fix is not None:
        record = "  ".join(map(make_printable, (fix.type, fix.host, fix.value)))
        yield f"Create: {style.emphasize(record)}  in the zone {make_printable(fix.zone)}"
    for evidence in finding.evidence:
        yield style.dim(f"Found: {make_printable(evidence)}")
    if finding.next_check_at is not None:
        yield style.dim(f"Next check: {format_instant(finding.next_check_at, missing='')}")


def _format_records(diagnosis: DiagnosisOutput, style: TerminalStyle) -> Iterator[str]:
    if not diagnosis.required_records:
        return
    is_unknown = diagnosis.dns_status in (None, DnsState.UNKNOWN)
    rows = [
        (
            record.type,
            make_printable(record.fqdn),
            make_printable(record.host),
            make_printable(record.value or "(not known yet)"),
            "yes" if record.verified else "unknown" if is_unknown else "no",
        )
        for record in diagnosis.required_records
    ]
    lines = [
        style.emphasize("Records that have to be there"),
        format_table(("type", "name", "host", "value", "found"), rows),
    ]
    lines += [make_printable(record.note) for record in diagnosis.required_records if record.note is not None]
    lines += _describe_provider(diagnosis)
    if diagnosis.target is not None and diagnosis.target.startswith(TOKEN_LABEL):
        lines.append(f"{TOKEN_LABEL.removesuffix('.')} is chosen when the domain is added; create the record then.")
    yield "\n".join(lines)


def _describe_provider(diagnosis: DiagnosisOutput) -> Iterator[str]:
    """Say where the records are typed, and by which words the provider calls the fields."""
    provider = diagnosis.dns_provider
    if provider is None:
        return
    page = provider.records_page if provider.url is None else f"{provider.records_page}, {provider.url}"
    yield f"The zone is at {provider.name} ({page})."
    if provider.name_field is not None and provider.value_field is not None:
        yield f"There the host goes into the field {provider.name_field!r}, the value into {provider.value_field!r}."


def _format_answers(dns: DnsOutput, style: TerminalStyle) -> Iterator[str]:
    rows = [
        (
            make_printable(server.name),
            server.address,
            _format_answer(server),
            _format_number(server.ttl),
            _format_number(server.serial),
        )
        for server in dns.servers
    ]
    rows += [
        ("(resolver)", resolver.address, _format_resolver_answer(resolver), _format_number(resolver.ttl), "")
        for resolver in dns.resolvers
    ]
    if rows:
        yield "\n".join(
            (style.emphasize("Who said what"), format_table(("server", "address", "answer", "ttl", "serial"), rows))
        )


def _format_queries(queries: Sequence[SentQuery], style: TerminalStyle) -> Iterator[str]:
    rows = [
        (
            query.server,
            "resolver" if query.recursive else "zone's own",
            f"{make_printable(query.name)} {query.type}",
            make_printable(query.answer) or _FAILURE_WORDS.get(query.outcome, query.outcome),
            f"{query.duration_ms}",
        )
        for query in queries
    ]
    headings = ("asked", "as", "for", "answer", "ms")
    yield "\n".join(
        (
            style.emphasize("Every query that this command sent, in the order of the answers"),
            format_table(headings, rows),
        )
    )


def _format_answer(answer: ServerAnswer | ResolverAnswer) -> str:
    if answer.outcome != "answered":
        return _FAILURE_WORDS[answer.outcome]
    if not answer.exists:
        return "there is no such name (NXDOMAIN)"
    return "no CNAME" if answer.cname is None else f"CNAME {make_printable(answer.cname)}"


def _format_resolver_answer(resolver: ResolverAnswer) -> str:
    unchecked = " (but answers without DNSSEC)" if resolver.outcome_with_cd == "answered" else ""
    return _format_answer(resolver) + unchecked


def _format_number(value: int | None) -> str:
    return "" if value is None else str(value)
