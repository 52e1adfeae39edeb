"""Each text that Cloudflare and CAs are known to write is told with its meaning and with who has to act."""

import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.cloudflare.findings import cloudflare_findings, findings_of
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.summary import summarize_domain
from dcvd.core.domains.domain import DnsState, Domain, DomainStatus, Record
from dcvd.core.lifecycle.remedies import propose_remedy
from tests.core.builders import NOW, added_domain

Entry = dict[str, Any]

TEXTS: Final = tomllib.loads(Path(__file__).with_name("texts.toml").read_text())
_BLOCKED: Final = frozenset({"zone_hold"})
_CHANGE_AUTHORITY: Final = frozenset({"caa_blocks", "ca_rate_limited", "ca_refuses_name"})
AUTHORITIES: Final = ("google", "lets_encrypt")


def waiting(**changes: object) -> Domain:
    """A domain whose record is there and whose certificate is being issued."""
    return replace(
        added_domain(),
        name="app.customer.test",
        status=DomainStatus.ISSUING,
        dns_state=DnsState.VERIFIED,
        cf_id="cf-1",
        cf_status="pending",
        cf_ssl_status="pending_validation",
        certificate_authority="google",
        **changes,
    )


@pytest.mark.parametrize("entry", TEXTS["validation"], ids=lambda entry: entry["text"][:80])
def test_a_text_about_the_certificate(entry: Entry) -> None:
    for text in (entry["text"], entry["text"].lower()):
        domain = waiting(cf_ssl_errors=(text,))
        if entry["code"] == "name_unresolved":
            domain = replace(domain, dns_state=DnsState.FAILED)
        (finding,) = cloudflare_findings(domain)
        assert (finding.code, finding.actor) == (entry["code"], entry["actor"])
        assert finding.evidence == (text,)
        assert (
            "nothing to do" not in summarize_domain(domain, findings_of(domain, NOW))
            or finding.code == "ca_rate_limited"
        )
        proposal = propose_remedy(domain, AUTHORITIES)
        changes_authority = proposal is not None and proposal.remedy.certificate_authority is not None
        assert changes_authority == (finding.code in _CHANGE_AUTHORITY or "internal error" in text.lower())
        if finding.fix is not None and finding.fix.type == "CAA":
            assert finding.code == FindingCode.CAA_BLOCKS


@pytest.mark.parametrize("entry", TEXTS["verification"], ids=lambda entry: entry["text"][:80])
def test_a_text_about_the_hostname(entry: Entry) -> None:
    status = "blocked" if entry["code"] in _BLOCKED else "pending"
    domain = replace(waiting(cf_errors=(entry["text"],)), cf_status=status)
    found = [(finding.code, finding.actor) for finding in cloudflare_findings(domain)]
    assert found == ([(entry["code"], entry["actor"])] if entry["code"] else [])


def test_every_text_has_a_source_and_stands_once() -> None:
    entries = [*TEXTS["validation"], *TEXTS["verification"]]
    assert all(entry["source"] for entry in entries)
    assert len({entry["text"] for entry in entries}) == len(entries) > 150


def test_the_record_that_is_proposed_names_the_ca_and_the_place_that_the_text_names() -> None:
    for text, owner, ca in (
        ("CAA records block issuance. Please add records for this authority (ssl.com)", "customer.test", "ssl.com"),
        ("CAA record for app.customer.test prevents issuance", "app.customer.test", "pki.goog"),
        ("CAA record for test prevents issuance", "customer.test", "pki.goog"),
        ("CAA record does not include ssl.com which is required", "customer.test", "ssl.com"),
        ("CAA records block issuance for this authority (letsencrypt.org).", "customer.test", "letsencrypt.org"),
    ):
        (finding,) = cloudflare_findings(waiting(cf_ssl_errors=(text,)))
        assert finding.fix == Record("CAA", owner, f'0 issue "{ca}"')


@pytest.mark.parametrize(
    ("name", "code", "actor"),
    [
        ("app.customer.test", "caa_unanswered", "customer"),
        ("customer.test", "caa_unanswered", "customer"),
        ("test", "registry_unanswered", "nobody"),
        ("edge.sandbox.example", "caa_unanswered", "operator"),
        ("elsewhere.example", "caa_unanswered", "customer"),
    ],
)
def test_whose_servers_did_not_answer_decides_who_has_to_act(name: str, code: str, actor: str) -> None:
    domain = waiting(
        cname_target="edge.sandbox.example", cf_ssl_errors=(f"DNS problem: REFUSED looking up CAA for {name}",)
    )
    (finding,) = cloudflare_findings(domain)
    assert (finding.code, finding.actor, finding.fix) == (code, actor, None)


def test_a_challenge_that_is_missing_is_the_owners_until_it_is_there() -> None:
    text = "DNS problem: NXDOMAIN looking up TXT for _acme-challenge.app.customer.test"
    target = "app.customer.test.0123456789abcdef.dcv.cloudflare.com"
    delegated = waiting(validation="delegated", challenge_target=target, cf_ssl_errors=(text,))
    (finding,) = cloudflare_findings(delegated)
    fix = Record("CNAME", "_acme-challenge.app.customer.test", target)
    assert (finding.code, finding.severity, finding.actor, finding.fix) == (
        "challenge_missing", "error", "customer", fix,
    )  # fmt: skip
    (finding,) = cloudflare_findings(replace(delegated, challenge_verified=True))
    assert (finding.severity, finding.actor, finding.fix) == ("warning", "nobody", None)
    wrong = replace(delegated, cf_ssl_errors=('Incorrect TXT record "old" found at _acme-challenge.app.customer.test',))
    (finding,) = cloudflare_findings(wrong)
    assert (finding.code, finding.actor, finding.fix) == ("challenge_txt_conflict", "customer", fix)


def test_a_refusal_of_an_international_name_is_one_of_its_form() -> None:
    text = "The certificate authority will not issue for this domain. Please check your input or try another authority."
    (finding,) = cloudflare_findings(replace(waiting(cf_ssl_errors=(text,)), name="app.xn--mnchen-3ya.de"))
    assert (finding.code, finding.actor) == ("ca_refuses_name", "operator")


def test_what_is_seen_from_some_places_alone_is_told_so() -> None:
    for text, is_told in (
        ("During secondary validation: DNS problem: query timed out looking up CAA for app.customer.test", True),
        ("DNS problem: query timed out looking up CAA for app.customer.test", False),
        ("During secondary validation: CAA record for customer.test prevents issuance", False),
    ):
        (finding,) = cloudflare_findings(waiting(cf_ssl_errors=(text,)))
        assert ("from some places of the world" in finding.message) is is_told


def test_a_text_that_nobody_knows_is_shown_in_its_words_and_never_called_nothing_to_do() -> None:
    text = "The frobnicator is out of cheese.\x1b[31m"
    for domain in (waiting(cf_ssl_errors=(text,)), waiting(cf_errors=(text,))):
        (finding,) = cloudflare_findings(domain)
        assert (finding.code, finding.severity, finding.actor) == ("unknown_error", "warning", "operator")
        assert "The frobnicator is out of cheese." in finding.message
        assert "\x1b" not in finding.message
        told = summarize_domain(domain, findings_of(domain, NOW))
        assert "The frobnicator is out of cheese." in told
        assert "nothing to do" not in told


@pytest.mark.parametrize(
    ("name", "text", "code", "actor"),
    [
        (
            "app.bogus.com",
            "DNS problem: query timed out looking up CAA for app.bogus.com",
            "caa_unanswered",
            "customer",
        ),
        (
            "app.dnssec.com",
            "DNS problem: NXDOMAIN looking up TXT for _acme-challenge.app.dnssec.com - check that",
            "challenge_missing",
            "operator",
        ),
        ("app.nxdomain.com", "DNS problem: SERVFAIL looking up CAA for app.nxdomain.com", "caa_unanswered", "customer"),
        ("app.dnssec-shop.com", "CAA record for dnssec-shop.com prevents issuance", "caa_blocks", "customer"),
        ("app.servfail.com", "Invalid response from https://servfail.com/: 403", "http_challenge_blocked", "customer"),
        (
            "app.token-expired.com",
            "192.0.2.1: Invalid response from https://www.token-expired.com/: 404",
            "http_challenge_blocked",
            "customer",
        ),
        (
            "app.customer.test",
            'Invalid response from http://x/.well-known/acme-challenge/t: "too many requests"',
            "http_challenge_blocked",
            "customer",
        ),
        (
            "app.customer.test",
            'Invalid response from http://x/y: "This domain has expired: phishing, DNSSEC"',
            "http_challenge_blocked",
            "customer",
        ),
        (
            "app.customer.test",
            "Fetching http://x/.well-known/acme-challenge/dnssecT0ken: Connection refused",
            "http_challenge_blocked",
            "customer",
        ),
        (
            "app.customer.test",
            'Invalid response from http://x/y: "a; DNS problem; rate limit"',
            "http_challenge_blocked",
            "customer",
        ),
        (
            "app.customer.test",
            "Service unavailable. See https://www.cloudflarestatus.com/",
            "unknown_error",
            "operator",
        ),
        (
            "app.customer.test",
            "Unsupported request. See https://letsencrypt.org/docs/challenge-types/ for help",
            "unknown_error",
            "operator",
        ),
        ("app.customer.test", "DNS problem: looking up CAA for test: DNSSEC: Bogus", "registry_unanswered", "nobody"),
        ("app.customer.test", "CAA record for edge.sandbox.example prevents issuance", "caa_blocks", "operator"),
        (
            "app.customer.test",
            "CAA record for customer.test prevents issuance; DNS problem: query timed out "
            "looking up A for app.customer.test",
            "caa_blocks",
            "customer",
        ),
        (
            "app.customer.test",
            "DNS problem: query timed out looking up A for app.customer.test; DNS problem: NXDOMAIN "
            "looking up AAAA for app.customer.test",
            "validation_unanswered",
            "customer",
        ),
        (
            "app.customer.test",
            "DNS problem: SERVFAIL looking up TXT for app.customer.test.0123.dcv.cloudflare.com",
            "ca_fault",
            "nobody",
        ),
    ],
)
def test_words_in_names_addresses_and_quotations_are_not_the_cas(name: str, text: str, code: str, actor: str) -> None:
    domain = replace(waiting(cname_target="edge.sandbox.example", cf_ssl_errors=(text,)), name=name)
    (finding,) = cloudflare_findings(domain)
    assert (finding.code, finding.actor, finding.evidence) == (code, actor, (text,))
    assert finding.fix is None or actor == "customer"


@pytest.mark.parametrize(
    ("name", "text", "identifier"),
    [
        ("app.myssl.com", "CAA record for myssl.com prevents issuance", "pki.goog"),
        (
            "app.customer.test",
            "CAA record does not include ssl.com which is required (found: letsencrypt.org)",
            "ssl.com",
        ),
        ("app.customer.test", 'CAA records block issuance: found 0 issue "letsencrypt.org".', "pki.goog"),
        (
            "app.customer.test",
            "CAA records block issuance. Add records for this authority: app.customer.test",
            "pki.goog",
        ),
        (
            "app.customer.test",
            "CAA records block issuance for this authority. developers.cloudflare.com/caa",
            "pki.goog",
        ),
        ("app.customer.test", "CAA records block issuance for this authority (evil.example)", "pki.goog"),
    ],
)
def test_no_ca_is_proposed_but_the_one_that_has_to_issue(name: str, text: str, identifier: str) -> None:
    (finding,) = cloudflare_findings(replace(waiting(cf_ssl_errors=(text,)), name=name))
    assert finding.fix is not None
    assert finding.fix.value == f'0 issue "{identifier}"'


@pytest.mark.parametrize(
    ("name", "status", "text", "codes"),
    [
        ("fallback.customer.test", "pending", "The hostname fallback.customer.test does not CNAME to this zone.", []),
        ("fallback.customer.test", "blocked", "fallback.customer.test is a potential risk", ["high_risk_domain"]),
        ("hold.customer.test", "blocked", "hold.customer.test is blocked because of phishing", ["high_risk_domain"]),
        ("app.customer.test", "blocked", "Blocked for phishing. The block will hold until reviewed.",
         ["high_risk_domain"]),
    ],
)  # fmt: skip
def test_words_in_a_hostname_are_not_cloudflares(name: str, status: str, text: str, codes: list[str]) -> None:
    domain = replace(waiting(cf_errors=(text,)), name=name, cf_status=status)
    assert [finding.code for finding in cloudflare_findings(domain)] == codes
