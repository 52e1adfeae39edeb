"""What counts as a change, and that no zone can make an entry long."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.dns.facts import DnsFacts, DnsObservation, ResolverAnswer, ServerAnswer
from dcvd.core.domains.domain import Domain, DomainError, DomainStatus, Finding
from dcvd.core.timeline import (
    FieldChange,
    TimelineNote,
    describe_disagreement,
    job_actor,
    merge_notes,
    note_observation,
    note_transition,
    token_actor,
)
from tests.core.builders import DNS_MISSING, DNS_RIGHT, NAME, NOW, Story, added_domain, certificate, facts, seen

_LARGEST = 20_000
texts = st.text(max_size=2000)


def changed(note: TimelineNote | None) -> dict[str, tuple[Any, Any]]:
    assert note is not None
    return {change.field: (change.before, change.after) for change in note.changes}


def test_a_look_that_sees_what_was_known_says_nothing() -> None:
    story = Story()
    story.look(DNS_RIGHT, seen("active", "active", certificate("01")))
    before = story.domain
    story.wait(86_400_000)
    story.look(DNS_RIGHT, seen("active", "active", certificate("01")))
    assert story.domain != before
    assert note_observation(before, story.domain, [DNS_RIGHT]) is None
    assert note_transition(before, story.domain) is None


def test_each_fact_that_changed_is_named_as_the_api_names_it_with_what_it_was() -> None:
    story = Story()
    before = story.domain
    story.look(DNS_RIGHT, seen("active", "active", certificate("01"), errors=("a note",)))
    told = changed(note_observation(before, story.domain, [DNS_RIGHT]))
    assert told["cfStatus"] == (None, "active")
    assert told["cfSslStatus"] == (None, "active")
    assert told["dnsStatus"] == ("unknown", "verified")
    assert told["errors"] == ([], ["a note"])
    assert told["certificate"][1] == {
        "serial": "01",
        "issuer": "GoogleTrustServices",
        "issuedAt": "2026-11-23T10:00:00Z",
        "expiresAt": "2027-02-21T10:00:00Z",
    }
    assert "findings" not in told
    assert changed(note_transition(before, story.domain)) == {
        "status": ("pending_cname", "active"),
        "proof": (None, "shared_cname"),
    }


def test_a_finding_that_comes_and_goes_is_told_by_its_code() -> None:
    story = Story()
    before = story.domain
    story.look(DNS_MISSING)
    assert changed(note_observation(before, story.domain, [DNS_MISSING]))["findings"] == ([], ["cname_missing"])
    missing = story.domain
    story.look(DNS_RIGHT)
    assert changed(note_observation(missing, story.domain, [DNS_RIGHT]))["findings"] == (["cname_missing"], [])


def test_another_order_of_the_same_errors_is_no_change() -> None:
    before = replace(added_domain(), cf_errors=("a", "b"))
    assert note_observation(before, replace(before, cf_errors=("b", "a")), []) is None


def test_another_error_is_a_transition_and_the_same_in_other_words_is_none() -> None:
    failed = replace(added_domain(), status=DomainStatus.ERROR, error=DomainError("blocked", "It is blocked."))
    again = replace(failed, error=DomainError("blocked", "It is still blocked."))
    moved = replace(failed, error=DomainError("moved", "It has moved."))
    assert note_transition(failed, again) is None
    assert changed(note_transition(failed, moved)) == {
        "error": ({"code": "blocked", "message": "It is blocked."}, {"code": "moved", "message": "It has moved."})
    }


def server(name: str, **changes: Any) -> ServerAnswer:
    return replace(ServerAnswer(name=name, address="192.0.2.53", outcome="answered", exists=True), **changes)


def test_servers_that_differ_are_told_the_minority_first() -> None:
    seen_by_all = facts(
        servers=(server("ns1.x.com", cname="new.x.com"), server("ns2.x.com", cname="old.x.com")),
        resolvers=(
            ResolverAnswer(address="192.0.2.1", outcome="answered", exists=True, cname="new.x.com"),
            ResolverAnswer(address="192.0.2.2", outcome="servfail"),
            ResolverAnswer(address="192.0.2.3", outcome="answered"),
        ),
    )
    told = describe_disagreement(seen_by_all)
    assert set(told[:3]) == {
        "ns2.x.com (192.0.2.53): CNAME old.x.com", "resolver 192.0.2.2: servfail", "resolver 192.0.2.3: NXDOMAIN",
    }  # fmt: skip
    assert told[3:] == ("ns1.x.com (192.0.2.53): CNAME new.x.com", "resolver 192.0.2.1: CNAME new.x.com")


def test_servers_that_agree_are_not_told() -> None:
    agreed = facts(servers=(server("ns1.x.com"), server("ns2.x.com")))
    assert describe_disagreement(agreed) == ()
    before = added_domain()
    note = note_observation(before, replace(before, cf_status="pending"), [DnsObservation(agreed)])
    assert note is not None
    assert note.servers == ()


def test_merged_changes_reach_from_before_the_first_to_after_the_last() -> None:
    first = TimelineNote(
        changes=(FieldChange("dnsStatus", "unknown", "failed"), FieldChange("cfStatus", None, "pending"))
    )
    second = TimelineNote(
        changes=(FieldChange("dnsStatus", "failed", "verified"), FieldChange("errors", [], ["x"])), servers=("ns: x",)
    )
    both = merge_notes(first, second, NOW)
    assert changed(both) == {
        "dnsStatus": ("unknown", "verified"), "cfStatus": (None, "pending"), "errors": ([], ["x"]),
    }  # fmt: skip
    assert (both.merged, both.until, both.servers) == (1, NOW, ("ns: x",))
    assert merge_notes(both, first, NOW + 1).merged == 2


def test_actors_are_named_by_their_ids() -> None:
    assert (token_actor("token_1"), job_actor("job_1")) == ("token:token_1", "job:job_1")


def finding(code: str) -> Finding:
    return Finding(code=code, severity="error", actor="customer", message="It is wrong.")


domains = st.builds(
    replace,
    st.just(added_domain()),
    cf_status=texts,
    cf_ssl_status=texts,
    cf_errors=st.lists(texts, max_size=30).map(tuple),
    cf_ssl_errors=st.lists(texts, max_size=30).map(tuple),
    challenge_target=texts,
    certificate_authority=texts,
    findings=st.lists(texts.map(finding), max_size=30).map(tuple),
)
answers = st.builds(server, texts, cname=texts | st.none(), address=texts)


@given(before=domains, after=domains, servers=st.lists(answers, max_size=30))
def test_whatever_is_seen_an_entry_stays_short_and_survives_storage(
    before: Domain, after: Domain, servers: list[ServerAnswer]
) -> None:
    observation = DnsObservation(DnsFacts(hostname=NAME, target="t.net", outcome="answered", servers=tuple(servers)))
    note = note_observation(before, after, [observation])
    if note is None:
        return
    both = merge_notes(note, note, NOW)
    stored = msgspec.json.encode(both)
    assert len(stored.decode()) < _LARGEST * 6  # JSON writes some characters as six
    assert sum(len(str(change)) for change in note.changes) < _LARGEST
    assert msgspec.json.decode(stored, type=TimelineNote).changes == both.changes
