"""What the predecessor said of a domain, and what Cloudflare says, make a claim that nobody needs to be told of."""

from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.core.custom_hostnames.read_only import ReadOnlyReason
from dcvd.core.domains.domain import Domain, DomainStatus, Proof
from dcvd.core.domains.observations import CloudflareCertificate, CloudflareHostname, ParkedHostname
from dcvd.core.instants import DAY
from dcvd.core.lifecycle.transitions import LifecycleRules, apply_check
from dcvd.core.predecessor import claims
from dcvd.core.predecessor.rows import DomainRow, DomainState

NOW = 1_800_000_000_000
RULES = LifecycleRules(expiry_thresholds_ms=(30 * DAY, 7 * DAY))
NAME = "shop.customer.com"
SUFFIX = "0123456789abcdef.dcv.cloudflare.com"


def row(state: DomainState = "active", **members: object) -> DomainRow:
    return DomainRow(id="d1", org_id="o1", domain_name=NAME, state=state, **members)  # type: ignore[arg-type]


def hostname(status: str = "active", ssl_status: str = "active", **members: object) -> CloudflareHostname:
    certificate = CloudflareCertificate(serial="1", issued_at=NOW - 70 * DAY, expires_at=NOW + 20 * DAY)
    return CloudflareHostname(
        id="cf-1",
        hostname=NAME,
        status=status,
        ssl_status=ssl_status,
        certificates=(certificate,),
        **members,  # type: ignore[arg-type]
    )


def claim_of(of: DomainRow, *, is_contested: bool = False) -> Domain:
    return claims.build_claim(of, NAME, "{token}.edge.example.net", NOW, is_contested=is_contested)


@pytest.mark.parametrize("state", ["active", "waiting", "error"])
def test_what_serves_is_active_and_the_next_answer_of_cloudflare_is_no_news(state: DomainState) -> None:
    adopted = claims.adopt(claim_of(row(state)), row(state), hostname(), NOW, RULES, None)
    assert (adopted.status, adopted.proof, adopted.expires_at) == (
        DomainStatus.ACTIVE,
        Proof.SHARED_CNAME,
        NOW + 20 * DAY,
    )
    assert apply_check(adopted, [hostname()], NOW + 1, RULES).events == ()


@pytest.mark.parametrize(
    ("method", "wildcard", "expected"),
    [("http", False, "http"), ("txt", False, "delegated"), ("txt", True, "delegated")],
)
def test_it_is_ordered_as_cloudflare_has_it(method: str, wildcard: bool, expected: str) -> None:
    adopted = claims.adopt(claim_of(row()), row(), hostname(method=method, wildcard=wildcard), NOW, RULES, SUFFIX)
    assert (adopted.validation, adopted.wildcard, adopted.cf_differences) == (expected, wildcard, ())
    assert adopted.challenge_target == (f"{NAME}.{SUFFIX}" if expected == "delegated" else None)


def test_what_has_no_certificate_is_not_active_whatever_the_predecessor_said() -> None:
    bare = replace(hostname(), ssl_status=None, certificates=())
    adopted = claims.adopt(claim_of(row()), row(), bare, NOW, RULES, None)
    assert (adopted.status, adopted.cf_differences) == (DomainStatus.ISSUING, ("no certificate is ordered",))


def test_what_could_not_be_put_back_is_only_read() -> None:
    adopted = claims.adopt(claim_of(row()), row(), hostname(has_own_certificate=True), NOW, RULES, None)
    assert adopted.read_only is ReadOnlyReason.CUSTOM_CERTIFICATE


def test_where_cloudflare_does_not_answer_the_row_counts_until_it_does() -> None:
    known = row(cf_id="cf-1", cf_status="active", cf_ssl_status="active", expires_at=NOW + 20 * DAY)
    unseen = claims.adopt_unseen(claim_of(known), known)
    assert (unseen.status, unseen.cf_id, unseen.expires_at) == (DomainStatus.ACTIVE, "cf-1", NOW + 20 * DAY)
    unanswered = apply_check(unseen, [], NOW + 1, RULES)
    step = apply_check(unanswered.domain, [hostname()], NOW + 2, RULES)
    assert (*unanswered.events, *step.events) == (), "the warning of its expiry was due before"
    assert apply_check(step.domain, [hostname()], NOW + 3, RULES).events == ()


@pytest.mark.parametrize(
    ("members", "validation", "wildcard", "reason"),
    [
        ({"method": "txt"}, "delegated", False, None),
        ({"method": "txt", "wildcard": True}, "delegated", True, None),
        ({"method": "email"}, "http", False, ReadOnlyReason.METHOD),
        ({"certificate_authority": "digicert"}, "http", False, ReadOnlyReason.CERTIFICATE_AUTHORITY),
    ],
)
def test_the_first_answer_after_an_outage_says_how_the_hostname_is_ordered(
    members: dict[str, Any], validation: str, wildcard: bool, reason: ReadOnlyReason | None
) -> None:
    known = row(cf_id="cf-1")
    unseen = claims.adopt_unseen(claim_of(known), known)
    first = apply_check(unseen, [hostname(**members)], NOW + 1, RULES).domain
    second = apply_check(first, [hostname(**members)], NOW + 2, RULES).domain
    for found in (first, second):
        assert (found.validation, found.wildcard, found.read_only) == (validation, wildcard, reason)
        assert reason is not None or found.cf_differences == ()


def test_a_rival_waits_without_a_hostname_and_learns_of_nobody() -> None:
    parked = claims.park(claim_of(row(), is_contested=True), ParkedHostname(is_new=True), NOW, RULES)
    assert (parked.status, parked.proof, parked.is_parked) == (DomainStatus.PENDING_CNAME, None, True)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("Edge.Old.example.", "edge.old.example"),
        (None, "edge.example.net"),
        ("not a name", "edge.example.net"),
        ("", "edge.example.net"),
    ],
)
def test_the_target_is_where_the_customers_record_leads(target: str | None, expected: str) -> None:
    assert claim_of(row(cname_target=target)).cname_target == expected


@pytest.mark.parametrize(("created_at", "expected"), [(5, 5), (None, NOW), (NOW + DAY, NOW)])
def test_nothing_was_made_in_the_future(created_at: int | None, expected: int) -> None:
    assert claim_of(row(created_at=created_at)).created_at == expected
