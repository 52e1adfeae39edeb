"""What the zone's servers and the resolvers say beside each other."""

from msgspec.structs import replace

from dcvd.core.diagnosis.dns import DnsDiagnosis, diagnose_dns
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.dns.facts import CaaPolicy, QueryOutcome, ResolverAnswer, ServerAnswer
from dcvd.core.domains.domain import DnsState, Finding, Record
from dcvd.core.instants import DAY, MINUTE, from_rfc3339
from tests.core.builders import NAME, NOW, TARGET, facts


def server(
    name: str,
    cname: str | None = TARGET,
    *,
    outcome: QueryOutcome = "answered",
    serial: int | None = None,
    v6: bool = False,
) -> ServerAnswer:
    address = "2001:db8::53" if v6 else f"198.51.100.{len(name)}"
    exists = cname is not None
    return ServerAnswer(name=name, address=address, outcome=outcome, exists=exists, cname=cname, serial=serial)


def resolver(
    cname: str | None = TARGET,
    *,
    outcome: QueryOutcome = "answered",
    unchecked: QueryOutcome | None = None,
    ttl: int | None = 60,
) -> ResolverAnswer:
    return ResolverAnswer(
        address="192.0.2.53", outcome=outcome, outcome_with_cd=unchecked, exists=cname is not None, cname=cname, ttl=ttl
    )


def verdict(*, chain: tuple[str, ...] = (TARGET,), **changes: object) -> DnsDiagnosis:
    return diagnose_dns(facts(exists=bool(chain), chain=chain, **changes), DnsRequirements(), NOW)


def codes(found: DnsDiagnosis) -> list[str]:
    return [finding.code for finding in found.findings]


def only(found: DnsDiagnosis, state: DnsState | None) -> Finding:
    assert found.state is state
    (finding,) = found.findings
    assert NAME in finding.message
    return finding


def test_servers_and_resolvers_of_one_mind_are_no_news() -> None:
    found = verdict(servers=(server("ns1.net"), server("ns2.net")), resolvers=(resolver(), resolver()))
    assert (found.state, found.findings) == (DnsState.VERIFIED, ())


def test_serials_that_differ_where_the_record_is_right_everywhere_are_no_news() -> None:
    found = verdict(servers=(server("ns1.net", serial=1), server("ns1.other.org", serial=2026112301)))
    assert (found.state, found.findings) == (DnsState.VERIFIED, ())


def test_a_chain_is_right_at_every_server_that_begins_it_alike() -> None:
    servers = (server("ns1.net", "www.customer.com"), server("ns2.net", "www.customer.com"), server("ns3.net", TARGET))
    assert verdict(chain=("www.customer.com", TARGET), servers=servers).findings == ()


def test_a_server_with_old_data_keeps_the_record_from_being_verified_and_is_named() -> None:
    for old in (server("ns2.net", None), server("ns2.net", "old.host.net")):
        for chain in ((TARGET,), (), ("old.host.net",)):
            finding = only(verdict(chain=chain, servers=(server("ns1.net"), old)), DnsState.FAILED)
            assert (finding.code, finding.severity, finding.fix) == ("ns_inconsistent", "error", None)
            assert finding.message.startswith(f"ns2.net still serves old data for {NAME}")


def test_a_record_that_the_newest_copy_of_the_zone_lacks_was_taken_out() -> None:
    for old, new in ((5, 6), (2**32 - 1, 3)):
        servers = (server("ns1.net", serial=old), server("ns2.net", None, serial=new))
        finding = only(verdict(servers=servers), DnsState.FAILED)
        assert (finding.code, finding.fix) == ("ns_inconsistent", Record("CNAME", NAME, TARGET))
        assert finding.evidence == (
            f"ns1.net answers CNAME {TARGET}, serial {old}",
            f"ns2.net answers NXDOMAIN, serial {new}",
        )
    servers = (server("ns1.net", serial=6), server("ns2.net", None, serial=5))
    assert only(verdict(servers=servers), DnsState.FAILED).fix is None


def test_servers_that_differ_about_a_wrong_record_are_a_warning_beside_it() -> None:
    for servers in (
        (server("ns1.net", "old.host.net"), server("ns2.net", None)),
        (server("ns1.net", None, serial=7), server("ns2.net", None, serial=6)),
    ):
        found = verdict(chain=(), servers=servers)
        assert codes(found) == ["cname_missing", "ns_inconsistent"]
        assert found.findings[1].severity == "warning"
        assert "ns2.net" in found.findings[1].message
    alike = (server("ns1.net", None, serial=7), server("ns2.net", None, serial=7))
    assert codes(verdict(chain=(), servers=alike)) == ["cname_missing"]


def test_one_lame_server_of_two_is_a_warning_and_the_record_stays_verified() -> None:
    lame: list[QueryOutcome] = ["refused", "not_authoritative", "servfail", "malformed", "timeout", "unreachable"]
    for outcome in lame:
        finding = only(verdict(servers=(server("ns1.net"), server("ns2.net", outcome=outcome))), DnsState.VERIFIED)
        assert (finding.code, finding.severity, finding.actor) == ("ns_lame", "warning", "customer")
        assert "ns2.net is listed but does not serve it" in finding.message
        assert "ns1.net" not in finding.message


def test_servers_of_which_none_serves_are_an_error_also_where_the_record_was_not_seen() -> None:
    servers = (server("ns1.net", outcome="refused"), server("ns2.net", outcome="timeout"))
    finding = only(verdict(servers=servers, resolvers=(resolver(),)), DnsState.VERIFIED)
    assert (finding.code, finding.severity) == ("ns_lame", "error")
    finding = only(diagnose_dns(facts(outcome="unanswered", servers=servers), DnsRequirements(), NOW), None)
    assert (finding.code, finding.severity) == ("ns_lame", "error")
    assert "ns1.net and ns2.net are listed" in finding.message


def test_silence_says_nothing_where_nobody_proves_that_our_network_works() -> None:
    silent = (server("ns1.net", outcome="timeout"), server("ns2.net", outcome="unreachable"))
    assert verdict(servers=silent, resolvers=(resolver(),)).findings == ()
    down = (resolver(outcome="servfail"), resolver(outcome="timeout"))
    unanswered = facts(outcome="unanswered", servers=silent, resolvers=down)
    assert diagnose_dns(unanswered, DnsRequirements(), NOW) == DnsDiagnosis(None)


def test_resolvers_that_answer_nobody_are_the_operators_and_nothing_is_said_of_the_domain() -> None:
    down = (resolver(outcome="refused"), resolver(outcome="timeout"))
    finding = only(
        diagnose_dns(facts(outcome="unanswered", resolvers=down, have_resolvers_failed=True), DnsRequirements(), NOW),
        None,
    )
    assert (finding.code, finding.severity, finding.actor) == ("resolvers_failed", "warning", "operator")
    assert [each.split(": ")[1] for each in finding.evidence] == ["REFUSED", "timeout"]
    # Where the zone's own servers answer, the domain is known.
    assert verdict(servers=(server("ns1.net"),), resolvers=down, have_resolvers_failed=True).findings == ()


def test_a_server_that_is_silent_at_one_of_its_addresses_is_not_lame() -> None:
    silent = server("ns1.net", outcome="timeout", v6=True)
    assert verdict(servers=(server("ns1.net"), silent)).findings == ()
    # Nobody at all was reached over IPv6, which may be our own network's lack.
    assert verdict(servers=(server("ns1.net"), replace(silent, name="ns2.net"))).findings == ()
    reached = server("ns3.net", v6=True)
    assert verdict(servers=(server("ns1.net"), silent, reached)).findings == ()
    assert codes(verdict(servers=(server("ns1.net"), replace(silent, name="ns2.net"), reached))) == ["ns_lame"]


def test_resolvers_that_fail_beside_right_servers_say_nothing_of_the_domain() -> None:
    outcomes: list[QueryOutcome] = ["timeout", "servfail", "refused", "unreachable", "malformed"]
    for outcome in outcomes:
        found = verdict(servers=(server("ns1.net"),), resolvers=(resolver(outcome=outcome), resolver(outcome=outcome)))
        assert (found.state, found.findings) == (DnsState.VERIFIED, ())


def test_a_resolver_with_the_old_answer_means_waiting_and_says_until_when() -> None:
    for old in (resolver(None, ttl=90), resolver("old.host.net", ttl=90)):
        found = verdict(servers=(server("ns1.net"),), resolvers=(resolver(ttl=3600), old))
        finding = only(found, DnsState.VERIFIED)
        assert (finding.code, finding.severity, finding.actor) == ("propagating", "info", "nobody")
        assert finding.next_check_at == from_rfc3339("2026-11-23T10:02:00Z")
        assert "Caches clear by 2026-11-23T10:02:00Z; nothing to do." in finding.message
        assert finding.fix is None


def test_the_last_cache_to_clear_counts_and_no_zone_makes_anybody_wait_for_years() -> None:
    found = verdict(resolvers=(resolver(None, ttl=60), resolver(None, ttl=300), resolver()))
    assert only(found, DnsState.VERIFIED).next_check_at == NOW + 5 * MINUTE
    found = verdict(resolvers=(resolver(None, ttl=2**31 - 1),))
    assert only(found, DnsState.VERIFIED).next_check_at == NOW + 7 * DAY
    assert only(verdict(resolvers=(resolver(None, ttl=None),)), DnsState.VERIFIED).next_check_at is None


def test_a_wrong_record_does_not_propagate() -> None:
    servers = (server("ns1.net", "old.host.net"),)
    found = verdict(chain=("old.host.net",), servers=servers, resolvers=(resolver(None),))
    assert codes(found) == ["cname_wrong_target"]


def test_where_no_server_of_the_zone_is_asked_one_resolver_with_the_record_is_enough() -> None:
    found = verdict(chain=(), resolvers=(resolver(None, ttl=60), resolver()))
    assert (found.state, codes(found)) == (DnsState.VERIFIED, ["propagating"])
    asked = verdict(chain=(), servers=(server("ns1.net", None),), resolvers=(resolver(),))
    assert (asked.state, codes(asked)) == (DnsState.FAILED, ["cname_missing"])


def test_signatures_that_no_resolver_accepts_fail_a_right_record() -> None:
    bogus = resolver(outcome="servfail", unchecked="answered")
    found = verdict(zone="customer.com", servers=(server("ns1.net"),), resolvers=(bogus, bogus), has_ds=True)
    finding = only(found, DnsState.FAILED)
    assert (finding.code, finding.severity, finding.actor, finding.fix) == ("dnssec_bogus", "error", "customer", None)
    assert "DS record of customer.com" in finding.message


def test_broken_signatures_and_a_missing_record_are_two_mistakes() -> None:
    bogus = resolver(outcome="servfail", unchecked="answered")
    assert codes(verdict(chain=(), resolvers=(bogus,))) == ["dnssec_bogus", "cname_missing"]


def test_broken_signatures_explain_why_caa_is_not_answered() -> None:
    bogus = resolver(outcome="servfail", unchecked="answered")
    caa = CaaPolicy(start_name=NAME, outcome="servfail", failed_name="customer.com")
    assert codes(verdict(resolvers=(bogus,), caa=caa)) == ["dnssec_bogus"]


def test_a_servfail_is_not_bogus_where_nobody_answers_or_another_resolver_accepts_it() -> None:
    bogus = resolver(outcome="servfail", unchecked="answered")
    for resolvers in ((resolver(), bogus), (resolver(outcome="servfail", unchecked="servfail"),)):
        assert verdict(resolvers=resolvers).findings == ()


def test_a_name_whose_registration_ended_is_told_that_alone() -> None:
    found = verdict(
        chain=(),
        is_registered=False,
        caa=CaaPolicy(start_name=NAME, outcome="answered", owner_name="com", issue=(";",)),
    )
    finding = only(found, DnsState.FAILED)
    assert (finding.code, finding.actor, finding.fix) == ("domain_unregistered", "customer", None)
    assert finding.message.startswith("customer.com seems expired or unregistered")
    for registered in (True, None):
        assert codes(verdict(chain=(), is_registered=registered)) == ["cname_missing"]
    # What is there was seen, whatever a parent says: a private zone has none.
    assert verdict(is_registered=False).findings == ()


def test_a_chain_that_could_not_be_followed_to_its_end_is_not_called_wrong() -> None:
    found = verdict(chain=("old.host.net",), is_incomplete=True)
    assert (found.state, found.findings) == (None, ())
    finding = only(verdict(chain=("old.host.net",), is_incomplete=True, resolvers=(resolver("old.host.net"),)), None)
    assert (finding.code, finding.severity) == ("cname_wrong_target", "warning")
    assert verdict(chain=(TARGET,), is_incomplete=True).state is DnsState.VERIFIED


def test_addresses_that_could_not_be_asked_for_are_not_called_missing() -> None:
    assert diagnose_dns(facts(exists=True, is_incomplete=True), DnsRequirements(), NOW) == DnsDiagnosis(None)
    assert diagnose_dns(facts(exists=True, is_incomplete=True, is_apex=True), DnsRequirements(), NOW) == DnsDiagnosis(
        None
    )
    assert codes(diagnose_dns(facts(exists=False, is_incomplete=True), DnsRequirements(), NOW)) == ["cname_missing"]


def test_resolvers_at_the_earlier_servers_of_a_zone_that_was_moved_are_told_with_how_long_that_lasts() -> None:
    moved = replace(
        resolver("old.vendor.test", ttl=300), nameservers=("ns1.old.net", "ns2.old.net"), nameservers_ttl=172_800
    )
    present = {"nameservers": ("ns1.new.net",), "own_nameservers": ("a.vanity.net",)}
    found = verdict(**present, servers=(server("ns1.new.net"),), resolvers=(moved, resolver()))
    finding = only(found, DnsState.VERIFIED)
    assert (finding.code, finding.severity, finding.actor) == ("propagating", "info", "customer")
    assert finding.next_check_at is not None
    assert NOW + 172_800_000 <= finding.next_check_at <= NOW + 172_860_000
    assert "change the record there too" in finding.message
    assert "ns1.old.net and ns2.old.net" in finding.message
    # Servers that are also the present ones are no earlier ones.
    for same in (("ns1.new.net", "ns2.old.net"), ("a.vanity.net",), ()):
        finding = only(verdict(**present, resolvers=(replace(moved, nameservers=same),)), DnsState.VERIFIED)
        assert finding.actor == "nobody"
    unknown = verdict(nameservers=("ns1.new.net",), resolvers=(moved,))
    assert only(unknown, DnsState.VERIFIED).actor == "nobody", "the zone's own servers may have other names"


def test_a_promise_that_did_not_come_true_is_not_repeated() -> None:
    seen = facts(exists=True, chain=(TARGET,), resolvers=(resolver("old.vendor.test", ttl=300),))
    earlier: tuple[Finding, ...] = ()
    first = diagnose_dns(seen, DnsRequirements(), NOW).findings
    assert first[0].next_check_at is not None
    for minutes, is_promised in ((1, True), (6, False), (11, False), (600, False)):
        earlier = diagnose_dns(
            seen, DnsRequirements(), NOW + minutes * 60_000, earlier_findings=earlier or first
        ).findings
        (finding,) = earlier
        assert (finding.next_check_at is not None) is is_promised, minutes
        assert ("earlier name servers" in finding.message) is not is_promised
    healed = replace(seen, resolvers=(resolver(),))
    assert diagnose_dns(healed, DnsRequirements(), NOW, earlier_findings=earlier).findings == ()


def test_two_providers_count_serials_in_their_own_ways_and_one_may_flatten() -> None:
    absent = (server("ns-1.awsdns-1.com", None, serial=1), server("ns1.dnsimple.com", None, serial=2026010101))
    assert codes(verdict(chain=(), servers=absent)) == ["cname_missing"]
    flattens = replace(server("ada.ns.cloudflare.com", None), exists=True)
    found = verdict(servers=(server("ns-1.awsdns-1.com"), flattens))
    assert (found.state, found.findings) == (DnsState.VERIFIED, ())


def test_servers_that_the_zone_names_itself_and_that_do_not_serve_it_are_told() -> None:
    own = (server("ns1.new.net"), server("ns2.new.net", None, outcome="timeout"))
    found = verdict(servers=(server("ns1.old.net"),), own_servers=own, own_nameservers=("ns1.new.net", "ns2.new.net"))
    assert [(each.code, each.severity) for each in found.findings] == [("ns_lame", "warning")]
    assert "ns2.new.net of them does not serve it" in found.findings[0].message
    assert verdict(servers=(server("ns1.old.net"),), own_servers=own[:1]).findings == ()
