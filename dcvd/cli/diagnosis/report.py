"""A diagnosis for eyes. What strangers' zones hold is shown printable, so that it cannot play with the terminal."""

from collections.abc import Callable, Iterator
from typing import Final

from dcvd.cli.operations.diagnosis_view import DiagnosisView, DnsView, FindingView
from dcvd.cli.terminal.style import Style
from dcvd.cli.terminal.tables import facts, instant, table
from dcvd.core.domains.dns_facts import ResolverAnswer, ServerAnswer
from dcvd.core.domains.domain import Actor, Severity
from dcvd.core.domains.targets import TOKEN_LABEL
from dcvd.core.text import printable

_WHO: Final[dict[Actor, str]] = {
    "customer": "the domain's owner has to act",
    "operator": "you, the operator, have to act",
    "nobody": "nobody has to act",
}
_UNANSWERED: Final = {
    "servfail": "failed (SERVFAIL)",
    "refused": "refused",
    "not_authoritative": "does not serve the zone",
    "timeout": "no answer in time",
    "unreachable": "could not be reached",
    "malformed": "an answer that is none",
}


def report(found: DiagnosisView, dns: DnsView, style: Style, *, source: str) -> str:
    """The whole, in paragraphs; `source` says who was asked."""
    parts = [_verdict(found, style), *_findings(found, style), *_records(found, style), *_voices(dns, style)]
    parts.append(style.faint(f"Asked: {source}"))
    return "\n\n".join(parts)


def _verdict(found: DiagnosisView, style: Style) -> str:
    name = printable(found.domain_name)
    if found.is_healthy:
        line = style.good(f"{name} is healthy.")
    elif any(finding.severity == "error" for finding in found.findings) or found.error is not None:
        line = style.bad(f"{name} is not right.")
    elif found.status is None and found.dns_state is None:
        line = style.doubtful(f"{name} could not be checked.")
    else:
        line = style.doubtful(f"{name} is not ready yet.")
    known = [("Summary", printable(found.summary))]
    if found.status is not None:
        known += [("Status", f"{found.status.value}, {'ready' if found.ready else 'not ready'}")]
    if found.dns_state is not None:
        known += [("DNS", found.dns_state.value)]
    if found.checked_at is not None:
        known += [("Checked", instant(found.checked_at, missing=""))]
    if found.next_check_at is not None:
        known += [("Next", instant(found.next_check_at, missing=""))]
    return f"{line}\n{facts(known)}"


def _findings(found: DiagnosisView, style: Style) -> Iterator[str]:
    colours: dict[Severity, Callable[[str], str]] = {
        "error": style.bad, "warning": style.doubtful, "info": style.faint
    }  # fmt: skip
    for finding in found.findings:
        head = f"{finding.severity.upper()}  {printable(finding.code)}"
        lines = [f"{colours[finding.severity](head)}  ({_WHO[finding.actor]})", f"  {printable(finding.message)}"]
        lines += [f"  {line}" for line in _details(finding, style)]
        yield "\n".join(lines)


def _details(finding: FindingView, style: Style) -> Iterator[str]:
    fix = finding.fix
    if fix is not None:
        typed = "  ".join(map(printable, (fix.type, fix.name, fix.value)))
        yield f"Type  {style.strong(typed)}"
    for evidence in finding.evidence:
        yield style.faint(f"Seen  {printable(evidence)}")
    if finding.next_check_at is not None:
        yield style.faint(f"Look again  {instant(finding.next_check_at, missing='')}")


def _records(found: DiagnosisView, style: Style) -> Iterator[str]:
    if not found.required_records:
        return
    rows = [
        (
            record.type,
            printable(record.name),
            printable(record.value or "(not known yet)"),
            "yes" if record.verified else "no",
        )
        for record in found.required_records
    ]
    lines = [style.strong("Records that have to be there"), table(("type", "name", "value", "seen"), rows)]
    if found.target is not None and found.target.startswith(TOKEN_LABEL):
        lines.append(f"{TOKEN_LABEL.removesuffix('.')} is chosen when the domain is added; create the record then.")
    yield "\n".join(lines)


def _voices(dns: DnsView, style: Style) -> Iterator[str]:
    rows = [
        (printable(server.name), server.address, _said(server), _number(server.ttl), _number(server.serial))
        for server in dns.servers
    ]
    rows += [
        ("(resolver)", resolver.address, _resolved(resolver), _number(resolver.ttl), "") for resolver in dns.resolvers
    ]
    if rows:
        yield "\n".join((style.strong("Who said what"), table(("server", "address", "answer", "ttl", "serial"), rows)))


def _said(answer: ServerAnswer | ResolverAnswer) -> str:
    if answer.outcome != "answered":
        return _UNANSWERED[answer.outcome]
    if not answer.exists:
        return "there is no such name (NXDOMAIN)"
    return "no CNAME" if answer.cname is None else f"CNAME {printable(answer.cname)}"


def _resolved(resolver: ResolverAnswer) -> str:
    unchecked = " (but answers without DNSSEC)" if resolver.unchecked == "answered" else ""
    return _said(resolver) + unchecked


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
