"""What a person reads of a diagnosis."""

from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.api.domains.finding_view import ErrorView
from dcvd.api.domains.record_view import record_view, required_record_views
from dcvd.cli.diagnosis.report import format_report
from dcvd.cli.diagnosis.words import WORDS
from dcvd.cli.operations.diagnosis_view import (
    DiagnosisOutput,
    DnsOutput,
    FindingOutput,
)
from dcvd.cli.terminal.style import TerminalStyle
from dcvd.core.dns.facts import ResolverAnswer, ServerAnswer
from dcvd.core.domains.domain import DnsState, DomainStatus, Record, RequiredRecord
from dcvd.core.instants import from_rfc3339
from dcvd.core.sentences.rendering import Language

NAME, TARGET = "app.customer.com", "edge.example.net"
NOW = from_rfc3339("2027-01-15T08:00:20Z")
MISSING = FindingOutput(
    code="cname_missing",
    severity="error",
    actor="customer",
    message=f"No CNAME exists for {NAME}. Create this record: type CNAME, name `app`, value `{TARGET}`.",
    params={"hostname": NAME},
    fix=record_view(Record("CNAME", NAME, TARGET), "customer.com"),
    evidence=["the name does not exist (NXDOMAIN)"],
    next_check_at="2027-01-15T08:01:00Z",
    since=None,
    hurts_at=None,
)
(RECORD,) = required_record_views(
    [RequiredRecord(type="CNAME", name=NAME, value=TARGET, purpose="routing", is_verified=False)], "customer.com"
)
BROKEN = DiagnosisOutput(
    domain_name=NAME,
    dns_status=DnsState.FAILED,
    findings=[MISSING],
    required_records=[RECORD],
    checked_at="2027-01-15T08:00:00Z",
    summary=f"The domain's owner has to act: {MISSING.message}",
)
VOICES = DnsOutput(
    servers=(
        ServerAnswer(name="ns1.customer.com", address="192.0.2.1", outcome="answered", ttl=300, serial=7),
        ServerAnswer(name="ns2.customer.com", address="192.0.2.2", outcome="not_authoritative"),
    ),
    resolvers=(
        ResolverAnswer(address="1.1.1.1", outcome="answered", exists=True, cname="old.example.net", ttl=60),
        ResolverAnswer(address="8.8.8.8", outcome="servfail", outcome_with_cd="answered"),
    ),
)


def shown(
    found: DiagnosisOutput,
    dns: DnsOutput = VOICES,
    *,
    colours: bool = False,
    language: Language = "en",
    now: int = NOW,
    width: int | None = None,
) -> str:
    words = WORDS[language]
    return format_report(
        found, dns, TerminalStyle(colours=colours), words, source=words.dns_alone, now=now, width=width
    )


@pytest.mark.parametrize("width", [70, 80])
def test_the_sentences_of_a_report_go_on_below_themselves_where_the_terminal_ends(width: int) -> None:
    head, _, tables = shown(BROKEN, width=width).partition("Records that have to be there")
    assert all(len(line) <= width for line in (*head.splitlines(), *tables.splitlines()))
    assert " ".join(head.split()).count(MISSING.message) == 2
    assert set(shown(BROKEN).partition("Records that have to be there")[2].split()) - set(tables.split()) == {
        "SERVER", "ADDRESS", "ANSWER", "TTL", "SERIAL",
    }  # fmt: skip
    assert "Server   ns1.customer.com" in tables


@pytest.mark.parametrize(
    ("before_ms", "says"),
    [
        (40_000, "Next check in 40 s"),
        (500, "Next check in 1 s"),
        (90_000, "Next check in 2 min"),
        (7_200_000, "Next check in 2 h"),
        (0, "Next check: 2027-01-15 08:01 UTC"),
        (-60_000, "Next check: 2027-01-15 08:01 UTC"),
        (90_000_000, "Next check: 2027-01-15 08:01 UTC"),
    ],
)
def test_the_next_check_is_told_by_how_long_it_takes_where_that_is_soon(before_ms: int, says: str) -> None:
    now = from_rfc3339("2027-01-15T08:01:00Z") - before_ms
    assert f"  {says}\n" in shown(BROKEN, now=now)
    assert "Nächste Prüfung" in shown(BROKEN, now=now, language="de")


def test_a_report_has_no_english_word_in_another_language() -> None:
    english, german = shown(BROKEN), shown(BROKEN, language="de")
    for line in ("Records that have to be there", "Who said what", "Asked: DNS alone", "does not serve the zone"):
        assert line in english
        assert line not in german
    assert german.count("\n") == english.count("\n")


def test_a_report_says_the_verdict_who_has_to_act_what_to_type_and_who_said_what() -> None:
    assert (
        shown(BROKEN)
        == f"""\
{NAME} does not work yet: 1 problem.
Summary  The domain's owner has to act: {MISSING.message}
DNS      failed
Checked  2027-01-15 08:00 UTC

ERROR  cname_missing  (the domain's owner has to act)
  {MISSING.message}
  Create: CNAME  app  {TARGET}  in the zone customer.com
  Found: the name does not exist (NXDOMAIN)
  Next check in 40 s

Records that have to be there
TYPE   NAME              HOST  VALUE             FOUND
CNAME  {NAME}  app   {TARGET}  no

Who said what
SERVER            ADDRESS    ANSWER                                          TTL  SERIAL
ns1.customer.com  192.0.2.1  there is no such name (NXDOMAIN)                300  7
ns2.customer.com  192.0.2.2  does not serve the zone
(resolver)        1.1.1.1    CNAME old.example.net                           60
(resolver)        8.8.8.8    failed (SERVFAIL) (but answers without DNSSEC)

Asked: DNS alone"""
    )


def test_a_healthy_domain_is_told_in_a_few_lines() -> None:
    healthy = replace(BROKEN, findings=[], dns_status=DnsState.VERIFIED, status=DomainStatus.ACTIVE, ready=True)
    told = shown(healthy, DnsOutput())
    assert told.startswith(f"{NAME} is healthy.\n")
    assert "active, ready" in told
    assert "Who said what" not in told


@pytest.mark.parametrize(
    ("changes", "healthy"),
    [
        ({"dns_status": DnsState.VERIFIED}, True),
        ({"dns_status": DnsState.UNVERIFIABLE}, True),
        ({"dns_status": None}, False),
        ({"dns_status": DnsState.VERIFIED, "findings": [MISSING]}, False),
        ({"dns_status": DnsState.VERIFIED, "findings": [replace(MISSING, severity="warning")]}, True),
        ({"dns_status": DnsState.VERIFIED, "status": DomainStatus.ISSUING}, False),
        ({"dns_status": DnsState.VERIFIED, "status": DomainStatus.ACTIVE, "ready": True}, True),
        ({"status": DomainStatus.ERROR, "error": ErrorView("moved", "It has moved.")}, False),
    ],
)
def test_healthy_is_what_serves_or_of_an_unknown_name_what_points_here(changes: dict[str, Any], healthy: bool) -> None:
    found = replace(BROKEN, **{"findings": [], **changes})
    assert found.is_healthy is healthy
    assert shown(found).startswith(f"{NAME} is healthy") is healthy


def test_a_target_that_is_chosen_later_is_said_to_be() -> None:
    later = replace(RECORD, value="{token}.edge.example.net")
    assert "{token} is chosen when the domain is added" in shown(replace(BROKEN, required_records=[later]))
    assert "(not known yet)" in shown(replace(BROKEN, required_records=[replace(RECORD, value=None)]))


def test_what_a_zone_holds_cannot_play_with_the_terminal() -> None:
    evil = "x\x1b[2J\u202e\r\n"
    fix = record_view(Record("CNAME", evil, evil), evil)
    found = replace(
        BROKEN,
        domain_name=evil,
        summary=evil,
        findings=[replace(MISSING, code=evil, message=evil, evidence=[evil], fix=fix)],
        required_records=[replace(RECORD, fqdn=evil, host=evil, note=evil, value=evil)],
    )
    voices = DnsOutput(
        servers=(ServerAnswer(name=evil, address="192.0.2.1", outcome="answered", exists=True, cname=evil),)
    )
    told = shown(found, voices)
    assert all(character.isprintable() or character == "\n" for character in told)


def test_colours_only_dress_what_is_there() -> None:
    dressed = shown(BROKEN, colours=True)
    assert "\x1b[31m" in dressed
    plain = dressed
    for code in ("0", "1", "2", "31", "33"):
        plain = plain.replace(f"\x1b[{code}m", "")
    assert plain == shown(BROKEN)
