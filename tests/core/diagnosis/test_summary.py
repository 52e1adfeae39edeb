"""One sentence: who has to do what next."""

import itertools

import pytest
from msgspec.structs import replace

from dcvd.core.custom_hostnames.read_only import ReadOnlyReason
from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.diagnosis.summary import summarize_domain, summarize_preview
from dcvd.core.domains.domain import (
    Certificate,
    DnsState,
    DomainError,
    DomainStatus,
    Finding,
    Severity,
)
from dcvd.core.domains.renewals import domain_renewal_overdue_at
from dcvd.core.instants import to_rfc3339
from dcvd.core.sentences.rendering import Language
from tests.core.builders import NAME, NOW, active_story, added_domain

LANGUAGES: tuple[Language, ...] = ("en", "de")


def finding(severity: Severity, message: str = "It is wrong.", **changes: object) -> Finding:
    members = {"code": "x", "severity": severity, "actor": "customer", "message": message, **changes}
    return Finding(**members)  # type: ignore[arg-type]  # each caller names real members


@pytest.mark.parametrize(
    ("actor", "who"),
    [
        ("customer", "The domain's owner has to act"),
        ("operator", "The operator of this service has to act"),
        ("nobody", "No action needed"),
    ],
)
def test_what_is_wrong_comes_first_and_says_who_has_to_act(actor: str, who: str) -> None:
    known = [finding("error", "Add the record.", actor=actor), finding("error", "Another."), finding("info")]
    assert summarize_domain(added_domain(), known) == f"{who}: Add the record."
    assert summarize_preview(NAME, DnsState.FAILED, known, is_new=True) == f"{who}: Add the record."


def test_an_error_without_a_finding_is_told_in_its_own_words() -> None:
    failed = replace(added_domain(), status=DomainStatus.ERROR, error=DomainError("odd", "It is odd."))
    assert summarize_domain(failed, [finding("info")]) == "It is odd."


def test_an_expired_certificate_is_said_to_be_ordered_again_unless_the_hostname_is_only_read() -> None:
    error = DomainError("certificate_expired", "It expired.")
    domain = active_story().domain
    assert domain.expires_at is not None
    expired = replace(domain, status=DomainStatus.ERROR, error=error)
    assert summarize_domain(expired, []).endswith("and none replaced it. It is ordered again by itself.")
    assert summarize_domain(expired, [], "de").endswith("Es wird von selbst wieder bestellt.")
    read_only = replace(expired, read_only=ReadOnlyReason.CUSTOM_CERTIFICATE)
    assert summarize_domain(read_only, []).endswith("and none replaced it.")


def test_an_error_of_which_a_finding_knows_what_is_done_is_told_by_the_finding() -> None:
    failed = replace(added_domain(), status=DomainStatus.ERROR, error=DomainError("moved", "Its CNAME brings it back."))
    known = [finding("warning", "It is being validated again.", code="moved", actor="nobody")]
    assert summarize_domain(failed, known) == "No action needed: It is being validated again."


def test_a_renewal_that_is_late_is_told_with_its_day_and_with_who_has_to_act() -> None:
    domain = active_story().domain
    late_since = domain_renewal_overdue_at(domain)
    assert late_since is not None
    assert "nothing to do" in summarize_domain(domain, [], now=late_since - 1)
    told = summarize_domain(domain, [], now=late_since)
    assert f"is late since {to_rfc3339(late_since)}. Cloudflare, which renews it, has to act." in told
    assert "überfällig" in summarize_domain(domain, [], "de", now=late_since)
    uploaded = replace(domain, read_only=ReadOnlyReason.CUSTOM_CERTIFICATE)
    assert summarize_domain(uploaded, [], now=late_since).endswith("has to upload another one.")


def test_a_domain_that_works_has_nothing_to_do_unless_it_is_warned_of() -> None:
    domain = active_story().domain
    assert summarize_domain(domain, []) == f"{NAME} serves https and points here; there is nothing to do."
    assert "not all is well. The domain's owner has to act: It is" in summarize_domain(domain, [finding("warning")])


def test_a_domain_that_browsers_cannot_reach_is_not_said_to_serve() -> None:
    told = finding("warning", "It has no certificate.", code="edge_without_certificate", actor="nobody")
    assert summarize_domain(active_story().domain, [told]) == "No action needed: It has no certificate."


def test_whatever_the_state_there_is_one_sentence_that_names_the_hostname() -> None:
    for status, state in itertools.product(DomainStatus, DnsState):
        told = summarize_domain(replace(added_domain(), status=status, dns_state=state), [])
        assert NAME in told
        assert told.endswith(".")


def test_where_our_resolvers_fail_the_operator_has_to_act_and_nobody_types_a_record() -> None:
    failed = finding("warning", "No resolver answers.", code="resolvers_failed", actor="operator")
    told = "The operator of this service has to act: No resolver answers."
    assert summarize_domain(replace(added_domain(), incomplete_checks=1), [failed]) == told
    assert summarize_preview(NAME, None, [finding("warning", code="hostname_unusual"), failed], is_new=True) == told


def test_a_domain_of_which_no_check_had_an_answer_is_not_said_to_lack_its_record() -> None:
    unknown = replace(added_domain(), incomplete_checks=1)
    assert "is not known" in summarize_domain(unknown, [])
    assert "was not checked yet" in summarize_domain(replace(unknown, incomplete_checks=0), [])


def test_a_name_that_could_not_be_asked_about_is_not_called_right() -> None:
    assert "could not be asked" in summarize_preview(NAME, None, [], is_new=True)
    for is_new in (True, False):
        hidden = summarize_preview(NAME, DnsState.UNVERIFIABLE, [], is_new=is_new)
        assert hidden.startswith(f"Where {NAME} leads is hidden")
        assert ("can be added" in hidden) is is_new
    assert summarize_preview(NAME, DnsState.VERIFIED, [], is_new=True).endswith("it can be added.")
    assert summarize_preview(NAME, DnsState.VERIFIED, [], is_new=False).endswith("there is nothing to do.")


def test_while_the_record_of_the_certificate_is_missing_it_is_named_and_not_called_nothing_to_do() -> None:
    issuing = replace(added_domain(), status=DomainStatus.ISSUING, dns_state=DnsState.VERIFIED, validation="delegated")
    assert "type CNAME, name `_acme-challenge.app`, value the name that Cloudflare" in summarize_domain(issuing, [])
    named = replace(issuing, challenge_target="x.dcv.cloudflare.com")
    assert "name `_acme-challenge.app`, value `x.dcv.cloudflare.com`." in summarize_domain(named, [])
    assert "nothing to do" in summarize_domain(replace(named, challenge_verified=True), [])


@pytest.mark.parametrize(
    "code", ["deleted", "certificate_gone", "certificate_expired", "domain_held", "registration_failed"]
)
def test_an_error_of_ours_is_told_in_each_language(code: str) -> None:
    failed = replace(
        added_domain(),
        status=DomainStatus.ERROR,
        error=DomainError(code, "It has stopped."),
        certificate=Certificate(expires_at=NOW),
    )
    english, german = (summarize_domain(failed, [], language) for language in LANGUAGES)
    assert english != german
    assert "It has stopped." not in (english, german)
    assert NAME in english
    assert NAME in german


def test_a_stage_that_timed_out_is_told_by_its_finding() -> None:
    failed = replace(
        added_domain(),
        status=DomainStatus.ERROR,
        cf_ssl_status="issuance_timed_out",
        error=DomainError("issuance_timed_out", "It took too long."),
    )
    assert "Ausstellung" in summarize_domain(failed, findings_of(failed, NOW), "de")
