"""The words of a diagnosis on a terminal, in each language."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from dcvd.core.dns.facts import QueryOutcome
from dcvd.core.domains.domain import FindingActor, Severity
from dcvd.core.sentences.rendering import Language


class ReportWords(Struct, frozen=True, kw_only=True):
    """The words of one language. In braces is what is put in."""

    turns: Mapping[FindingActor, str]
    severities: Mapping[Severity, str]
    failures: Mapping[QueryOutcome, str]
    healthy: str
    one_problem: str
    problems: str
    not_checked: str
    not_ready_yet: str
    summary: str
    status: str
    dns: str
    checked: str
    next_time: str
    ready: str
    not_ready: str
    create: str
    in_zone: str
    found: str
    next_check: str
    next_check_in: str
    records: str
    record_columns: tuple[str, str, str, str, str]
    value_unknown: str
    yes: str
    no: str
    unknown: str
    target_later: str
    provider: str
    fields: str
    answers: str
    answer_columns: tuple[str, str, str, str, str]
    resolver: str
    no_such_name: str
    no_cname: str
    without_dnssec: str
    queries: str
    query_columns: tuple[str, str, str, str, str]
    recursive: str
    authoritative: str
    asked: str
    dns_alone: str
    daemon_and_dns: str
    nothing_checked: str


_ENGLISH: Final = ReportWords(
    turns={
        "customer": "the domain's owner has to act",
        "operator": "you, the operator, have to act",
        "nobody": "no action needed",
    },
    severities={"error": "ERROR", "warning": "WARNING", "info": "INFO"},
    failures={
        "servfail": "failed (SERVFAIL)",
        "refused": "refused",
        "not_authoritative": "does not serve the zone",
        "timeout": "no answer in time",
        "unreachable": "could not be reached",
        "malformed": "an answer that is none",
    },
    healthy="{name} is healthy.",
    one_problem="{name} does not work yet: 1 problem.",
    problems="{name} does not work yet: {count} problems.",
    not_checked="{name} could not be checked.",
    not_ready_yet="{name} is not ready yet.",
    summary="Summary",
    status="Status",
    dns="DNS",
    checked="Checked",
    next_time="Next",
    ready="ready",
    not_ready="not ready",
    create="Create",
    in_zone="in the zone {zone}",
    found="Found",
    next_check="Next check: {instant}",
    next_check_in="Next check in {wait}",
    records="Records that have to be there",
    record_columns=("type", "name", "host", "value", "found"),
    value_unknown="(not known yet)",
    yes="yes",
    no="no",
    unknown="unknown",
    target_later="{label} is chosen when the domain is added; create the record then.",
    provider="The zone is at {name} ({page}).",
    fields="There the host goes into the field {host!r}, the value into {value!r}.",
    answers="Who said what",
    answer_columns=("server", "address", "answer", "ttl", "serial"),
    resolver="(resolver)",
    no_such_name="there is no such name (NXDOMAIN)",
    no_cname="no CNAME",
    without_dnssec="(but answers without DNSSEC)",
    queries="Every query that this command sent, in the order of the answers",
    query_columns=("asked", "as", "for", "answer", "ms"),
    recursive="resolver",
    authoritative="zone's own",
    asked="Asked: {source}",
    dns_alone="DNS alone",
    daemon_and_dns="the daemon at {socket}, and DNS",
    nothing_checked="Not a valid name; nothing was checked.",
)
_GERMAN: Final = ReportWords(
    turns={
        "customer": "der Inhaber der Domain ist am Zug",
        "operator": "Sie, der Betreiber, sind am Zug",
        "nobody": "nichts zu tun",
    },
    severities={"error": "FEHLER", "warning": "WARNUNG", "info": "HINWEIS"},
    failures={
        "servfail": "gescheitert (SERVFAIL)",
        "refused": "abgelehnt",
        "not_authoritative": "bedient die Zone nicht",
        "timeout": "keine Antwort rechtzeitig",
        "unreachable": "nicht erreichbar",
        "malformed": "eine Antwort, die keine ist",
    },
    healthy="{name} ist in Ordnung.",
    one_problem="{name} funktioniert noch nicht: 1 Problem.",
    problems="{name} funktioniert noch nicht: {count} Probleme.",
    not_checked="{name} konnte nicht geprüft werden.",
    not_ready_yet="{name} ist noch nicht bereit.",
    summary="Kurz gesagt",
    status="Status",
    dns="DNS",
    checked="Geprüft",
    next_time="Nächste Prüfung",
    ready="bereit",
    not_ready="nicht bereit",
    create="Anlegen",
    in_zone="in der Zone {zone}",
    found="Gefunden",
    next_check="Nächste Prüfung: {instant}",
    next_check_in="Nächste Prüfung in {wait}",
    records="Einträge, die da sein müssen",
    record_columns=("Typ", "Name", "Host", "Wert", "gefunden"),
    value_unknown="(noch nicht bekannt)",
    yes="ja",
    no="nein",
    unknown="unbekannt",
    target_later="{label} wird gewählt, wenn die Domain hinzugefügt wird; legen Sie den Eintrag dann an.",
    provider="Die Zone liegt bei {name} ({page}).",
    fields="Der Host kommt dort in das Feld {host!r}, der Wert in {value!r}.",
    answers="Wer was sagt",
    answer_columns=("Server", "Adresse", "Antwort", "TTL", "Serial"),
    resolver="(Resolver)",
    no_such_name="den Namen gibt es nicht (NXDOMAIN)",
    no_cname="kein CNAME",
    without_dnssec="(antwortet aber ohne DNSSEC)",
    queries="Alle Anfragen dieses Befehls, in der Reihenfolge der Antworten",
    query_columns=("gefragt", "als", "nach", "Antwort", "ms"),
    recursive="Resolver",
    authoritative="Server der Zone",
    asked="Gefragt: {source}",
    dns_alone="nur DNS",
    daemon_and_dns="der Daemon unter {socket}, und DNS",
    nothing_checked="Kein gültiger Name; nichts wurde geprüft.",
)
WORDS: Final[Mapping[Language, ReportWords]] = MappingProxyType({"en": _ENGLISH, "de": _GERMAN})
"""The words of each language."""
