"""A diagnosis as text for a terminal. Text from strangers' zones is made printable, so that it cannot control it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from dcvd.cli.diagnosis.words import ReportWords
from dcvd.cli.operations.diagnosis_view import DiagnosisOutput, DnsOutput, FindingOutput
from dcvd.cli.terminal.prose import format_prose
from dcvd.cli.terminal.style import TerminalStyle
from dcvd.cli.terminal.tables import format_facts, format_instant, format_table
from dcvd.cli.terminal.text import wrap
from dcvd.core.dns.facts import ResolverAnswer, SentQuery, ServerAnswer
from dcvd.core.domains.domain import DnsState, Severity
from dcvd.core.domains.targets import TOKEN_LABEL
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND, from_rfc3339
from dcvd.core.text import make_printable

_UNITS: Final = ((HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))


def format_report(
    diagnosis: DiagnosisOutput,
    dns: DnsOutput,
    style: TerminalStyle,
    words: ReportWords,
    *,
    source: str | None,
    now: int,
    queries: Sequence[SentQuery] | None = None,
    width: int | None = None,
) -> str:
    """Format the whole report, in paragraphs.

    source: who was asked; None: nobody, because the name is none. now: in milliseconds. queries: what was asked, if
    that is to be told. width: that of the terminal, at which sentences go on below themselves.
    """
    parts = [
        _format_verdict(diagnosis, style, words, width),
        *_format_findings(diagnosis, style, words, now, width),
        *_format_records(diagnosis, style, words, width),
        *_format_answers(dns, style, words, width),
        *([] if queries is None else _format_queries(queries, style, words, width)),
    ]
    asked = words.nothing_checked if source is None else words.asked.format(source=source)
    parts.append(style.dim(format_prose(asked, width)))
    return "\n\n".join(parts)


def _format_verdict(diagnosis: DiagnosisOutput, style: TerminalStyle, words: ReportWords, width: int | None) -> str:
    name = make_printable(diagnosis.domain_name)
    if diagnosis.is_healthy:
        line = style.mark_good(words.healthy.format(name=name))
    elif any(finding.severity == "error" for finding in diagnosis.findings) or diagnosis.error is not None:
        count = max(1, sum(finding.severity == "error" for finding in diagnosis.findings))
        line = style.mark_bad((words.one_problem if count == 1 else words.problems).format(name=name, count=count))
    elif diagnosis.status is None and diagnosis.dns_status is None:
        line = style.mark_doubtful(words.not_checked.format(name=name))
    else:
        line = style.mark_doubtful(words.not_ready_yet.format(name=name))
    facts = [(words.summary, make_printable(diagnosis.summary))]
    if diagnosis.status is not None:
        facts += [(words.status, f"{diagnosis.status.value}, {words.ready if diagnosis.ready else words.not_ready}")]
    if diagnosis.dns_status is not None:
        facts += [(words.dns, diagnosis.dns_status.value)]
    if diagnosis.checked_at is not None:
        facts += [(words.checked, format_instant(diagnosis.checked_at, missing=""))]
    if diagnosis.next_check_at is not None:
        facts += [(words.next_time, format_instant(diagnosis.next_check_at, missing=""))]
    return f"{line}\n{format_facts(facts, width)}"


def _format_findings(
    diagnosis: DiagnosisOutput, style: TerminalStyle, words: ReportWords, now: int, width: int | None
) -> Iterator[str]:
    colours: dict[Severity, Callable[[str], str]] = {
        "error": style.mark_bad, "warning": style.mark_doubtful, "info": style.dim
    }  # fmt: skip
    for finding in diagnosis.findings:
        head = f"{words.severities[finding.severity]}  {make_printable(finding.code)}"
        message = make_printable(finding.message)
        lines = [
            f"{colours[finding.severity](head)}  ({words.turns[finding.actor]})",
            *(f"  {line}" for line in ([message] if width is None else wrap(message, width - 2))),
        ]
        lines += [f"  {line}" for line in _format_details(finding, style, words, now)]
        yield "\n".join(lines)


def _format_details(finding: FindingOutput, style: TerminalStyle, words: ReportWords, now: int) -> Iterator[str]:
    fix = finding.fix
    if fix is not None:
        record = "  ".join(map(make_printable, (fix.type, fix.host, fix.value)))
        where = words.in_zone.format(zone=make_printable(fix.zone))
        yield f"{words.create}: {style.emphasize(record)}  {where}"
    for evidence in finding.evidence:
        yield style.dim(f"{words.found}: {make_printable(evidence)}")
    if finding.next_check_at is not None:
        yield style.dim(_format_next_check(finding.next_check_at, words, now))


def _format_next_check(rfc3339: str, words: ReportWords, now: int) -> str:
    """Say when the next check is: in how long, where that is soon."""
    wait_ms = from_rfc3339(rfc3339) - now
    if not 0 < wait_ms <= DAY:
        return words.next_check.format(instant=format_instant(rfc3339, missing=""))
    size, unit = next((size, unit) for size, unit in _UNITS if wait_ms >= size or size == SECOND)
    return words.next_check_in.format(wait=f"{-(-wait_ms // size)} {unit}")


def _format_records(
    diagnosis: DiagnosisOutput, style: TerminalStyle, words: ReportWords, width: int | None
) -> Iterator[str]:
    if not diagnosis.required_records:
        return
    is_unknown = diagnosis.dns_status in (None, DnsState.UNKNOWN)
    rows = [
        (
            record.type,
            make_printable(record.fqdn),
            make_printable(record.host),
            make_printable(record.value or words.value_unknown),
            words.yes if record.verified else words.unknown if is_unknown else words.no,
        )
        for record in diagnosis.required_records
    ]
    lines = [
        style.emphasize(words.records),
        format_table(words.record_columns, rows, width),
    ]
    notes = [make_printable(record.note) for record in diagnosis.required_records if record.note is not None]
    notes += _describe_provider(diagnosis, words)
    if diagnosis.target is not None and diagnosis.target.startswith(TOKEN_LABEL):
        notes.append(words.target_later.format(label=TOKEN_LABEL.removesuffix(".")))
    yield "\n".join([*lines, *(format_prose(note, width) for note in notes)])


def _describe_provider(diagnosis: DiagnosisOutput, words: ReportWords) -> Iterator[str]:
    """Say where the records are typed, and by which words the provider calls the fields."""
    provider = diagnosis.dns_provider
    if provider is None:
        return
    page = provider.records_page if provider.url is None else f"{provider.records_page}, {provider.url}"
    yield words.provider.format(name=provider.name, page=page)
    if provider.name_field is not None and provider.value_field is not None:
        yield words.fields.format(host=provider.name_field, value=provider.value_field)


def _format_answers(dns: DnsOutput, style: TerminalStyle, words: ReportWords, width: int | None) -> Iterator[str]:
    rows = [
        (
            make_printable(server.name),
            server.address,
            _format_answer(server, words),
            _format_number(server.ttl),
            _format_number(server.serial),
        )
        for server in dns.servers
    ]
    rows += [
        (words.resolver, resolver.address, _format_resolver_answer(resolver, words), _format_number(resolver.ttl), "")
        for resolver in dns.resolvers
    ]
    if rows:
        yield "\n".join((style.emphasize(words.answers), format_table(words.answer_columns, rows, width)))


def _format_queries(
    queries: Sequence[SentQuery], style: TerminalStyle, words: ReportWords, width: int | None
) -> Iterator[str]:
    rows = [
        (
            query.server,
            words.recursive if query.recursive else words.authoritative,
            f"{make_printable(query.name)} {query.type}",
            make_printable(query.answer) or words.failures.get(query.outcome, query.outcome),
            f"{query.duration_ms}",
        )
        for query in queries
    ]
    yield "\n".join(
        (
            style.emphasize(words.queries),
            format_table(words.query_columns, rows, width),
        )
    )


def _format_answer(answer: ServerAnswer | ResolverAnswer, words: ReportWords) -> str:
    if answer.outcome != "answered":
        return words.failures[answer.outcome]
    if not answer.exists:
        return words.no_such_name
    return words.no_cname if answer.cname is None else f"CNAME {make_printable(answer.cname)}"


def _format_resolver_answer(resolver: ResolverAnswer, words: ReportWords) -> str:
    unchecked = f" {words.without_dnssec}" if resolver.outcome_with_cd == "answered" else ""
    return _format_answer(resolver, words) + unchecked


def _format_number(value: int | None) -> str:
    return "" if value is None else str(value)
