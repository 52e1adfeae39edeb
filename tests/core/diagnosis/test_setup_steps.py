"""The steps from a name to https, as its owner follows them."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.diagnosis.setup_steps import STEP_OF_CODE, SetupStep, StepState, list_steps
from dcvd.core.domains.domain import Certificate, DnsState, Domain, DomainError, DomainStatus, Finding, Severity
from dcvd.core.sentences.sentence import quote
from tests.core.builders import NOW, added_domain

CERTIFICATE = Certificate(issued_at=NOW, expires_at=NOW + 1)


def finding(code: FindingCode, severity: Severity = "error") -> Finding:
    return replace(new_finding(code, severity, "customer", quote("What is wrong."), ()), since=NOW)


def states(domain: Domain, *findings: Finding) -> dict[str, str]:
    return {progress.step.value: progress.state.value for progress in list_steps(domain, findings)}


def test_every_code_stands_at_a_step() -> None:
    assert set(STEP_OF_CODE) == set(FindingCode)


def test_before_the_first_check_the_name_is_looked_for() -> None:
    shown = states(added_domain())
    assert shown == {
        "name": "current", "record": "ahead", "target": "ahead", "caa": "ahead", "certificate": "ahead",
        "https": "ahead",
    }  # fmt: skip


def test_a_record_that_is_missing_stops_at_its_own_step() -> None:
    domain = replace(added_domain(), dns_state=DnsState.FAILED)
    shown = list_steps(domain, [finding(FindingCode.CNAME_MISSING)])
    assert [progress.state for progress in shown[:3]] == [StepState.DONE, StepState.WRONG, StepState.AHEAD]
    assert shown[1].since == NOW
    assert [each.code for each in shown[1].findings] == ["cname_missing"]


def test_a_record_that_leads_elsewhere_is_there() -> None:
    domain = replace(added_domain(), dns_state=DnsState.FAILED)
    shown = states(domain, finding(FindingCode.CNAME_WRONG_TARGET))
    assert (shown["record"], shown["target"], shown["caa"]) == ("done", "wrong", "ahead")


def test_where_all_is_right_the_certificate_is_waited_for() -> None:
    domain = replace(added_domain(), dns_state=DnsState.VERIFIED, status=DomainStatus.ISSUING)
    shown = states(domain)
    assert (shown["target"], shown["caa"], shown["certificate"], shown["https"]) == ("done", "done", "current", "ahead")


def test_a_caa_record_that_forbids_the_ca_stands_at_its_step() -> None:
    domain = replace(added_domain(), dns_state=DnsState.VERIFIED, status=DomainStatus.ISSUING)
    shown = states(domain, finding(FindingCode.CAA_BLOCKS))
    assert (shown["target"], shown["caa"], shown["certificate"]) == ("done", "wrong", "ahead")


def test_a_domain_that_serves_has_done_all_and_a_warning_takes_nothing_back() -> None:
    domain = replace(
        added_domain(),
        dns_state=DnsState.VERIFIED,
        status=DomainStatus.ACTIVE,
        certificate=CERTIFICATE,
        ready_since=NOW,
    )
    assert set(states(domain, finding(FindingCode.CHAIN_LONG, "warning")).values()) == {"done"}
    assert list_steps(domain, ())[-1].since == NOW


def test_a_domain_that_broke_shows_where() -> None:
    domain = replace(
        added_domain(), dns_state=DnsState.FAILED, status=DomainStatus.ACTIVE, certificate=CERTIFICATE, broken_since=NOW
    )
    shown = states(domain, finding(FindingCode.CNAME_WRONG_TARGET))
    assert (shown["target"], shown["certificate"], shown["https"]) == ("wrong", "done", "ahead")


def test_an_error_that_no_finding_is_about_stands_at_the_first_step_that_is_not_done() -> None:
    domain = replace(
        added_domain(), dns_state=DnsState.VERIFIED, status=DomainStatus.ERROR, error=DomainError("blocked", "Blocked.")
    )
    assert states(domain)["certificate"] == "wrong"


def test_what_a_later_version_found_is_shown_too() -> None:
    unknown = replace(finding(FindingCode.CNAME_MISSING), code="found_by_a_later_version")
    steps = {progress.step: progress for progress in list_steps(added_domain(), [unknown])}
    assert steps[SetupStep.CERTIFICATE].findings == (unknown,)


@given(
    codes=st.lists(st.sampled_from(FindingCode), max_size=5),
    dns_state=st.sampled_from(DnsState),
    status=st.sampled_from(DomainStatus),
    is_ready=st.booleans(),
)
def test_no_finding_is_lost_and_at_most_one_step_is_waited_for(
    codes: list[FindingCode], dns_state: DnsState, status: DomainStatus, is_ready: bool
) -> None:
    domain = replace(added_domain(), dns_state=dns_state, status=status, ready_since=NOW if is_ready else None)
    findings = [finding(code, "warning") for code in codes]
    steps = list_steps(domain, findings)
    assert [progress.step for progress in steps] == list(SetupStep)
    assert sorted(each.code for progress in steps for each in progress.findings) == sorted(codes)
    assert sum(progress.state is StepState.CURRENT for progress in steps) <= 1
