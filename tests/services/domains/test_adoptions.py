"""Hostnames that the zone has already become domains as they are, and nobody is told what was so before."""

import pytest
from msgspec.structs import replace

from dcvd.core.domains.adoption import HostnameSelection
from dcvd.core.domains.domain import DomainStatus, Proof
from dcvd.core.instants import DAY, HOUR
from dcvd.core.organizations.quotas import Quota
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import NotConfigured
from dcvd.sandbox.hostnames.lifecycle import ForcedStateChange
from dcvd.sandbox.hostnames.statuses import HostnameStatus
from dcvd.services import audit, timeline
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries, removals
from dcvd.services.domains.cloudflare_import import HostnameImporter, ImportRequest
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.lifecycle import checks
from dcvd.services.organizations import quotas
from dcvd.services.zones import registry as zone_registry
from dcvd.store import cloudflare_zones, domains
from dcvd.store.audit import AuditFilters
from dcvd.store.organizations.organizations import Organization
from tests.jobs.ward import NAME, Ward
from tests.services.domains.imports import Theirs, adopted, refusal, run
from tests.services.views import all_jobs, event_names


async def test_a_hostname_that_serves_is_active_from_the_start_and_no_event_tells_of_it(
    ward: Ward, theirs: Theirs
) -> None:
    cf_id = await theirs.make()
    domain = await adopted(ward)
    assert (domain.cf_id, domain.status, domain.cname_target) == (cf_id, DomainStatus.ACTIVE, "edge.sandbox.test")
    assert (domain.validation, domain.wildcard, domain.proof) == ("http", False, Proof.SHARED_CNAME)
    assert domain.certificate is not None
    domain = await ward.look(domain.id)
    assert (domain.is_ready, domain.awaits_first_check) == (True, False)
    assert await event_names(ward.context, ward.org) == []
    assert await all_jobs(ward.context, ward.org) == []
    assert (ward.calls("POST"), ward.calls("PATCH")) == (1, 0)


async def test_what_changes_after_the_import_is_told_from_the_first_look_on(ward: Ward, theirs: Theirs) -> None:
    await theirs.make(is_pointed=False)
    domain = await adopted(ward)
    assert domain.status is DomainStatus.PENDING_CNAME
    await ward.look(domain.id, dns=False)
    assert await event_names(ward.context, ward.org) == []
    await ward.look(domain.id)
    assert await event_names(ward.context, ward.org) == ["dns.verified"]


async def test_a_hostname_that_becomes_active_before_its_first_look_is_told(ward: Ward, theirs: Theirs) -> None:
    await theirs.make(is_pointed=False)
    domain = await adopted(ward)
    ward.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    ward.sandbox.world.clock.advance(HOUR)
    await ward.look(domain.id)
    assert await event_names(ward.context, ward.org) == ["domain.active"]


async def test_a_look_without_an_answer_of_dns_leaves_the_next_one_quiet(ward: Ward, theirs: Theirs) -> None:
    await theirs.make()
    domain = await adopted(ward)
    assert (await ward.look(domain.id, dns=None)).awaits_first_check
    await ward.look(domain.id)
    assert await event_names(ward.context, ward.org) == []


async def test_an_expiry_whose_warning_was_due_before_is_not_warned_of(ward: Ward, theirs: Theirs) -> None:
    await theirs.make()
    expires_on = ward.sandbox.world.clock.now() + 5 * DAY
    ward.sandbox.world.force(NAME, ForcedStateChange(expires_on=expires_on))
    domain = await adopted(ward)
    await ward.look(domain.id)
    assert await event_names(ward.context, ward.org) == []


async def test_its_timeline_and_audit_say_that_it_was_imported(ward: Ward, theirs: Theirs) -> None:
    cf_id = await theirs.make()
    domain = await adopted(ward)
    page = await timeline.list_page(ward.context, ward.org, domain.id, newest_first=False, cursor=None, limit=10)
    (entry,) = page.items
    assert entry.stored_entry is not None
    assert (entry.stored_entry.note.what, entry.stored_entry.actor) == ("imported", "operator")
    entries = (
        await audit.list_page(ward.context, ward.org, AuditFilters(object_id=domain.id), cursor=None, limit=9)
    ).items
    assert [each.action for each in entries] == ["domain.imported"]
    assert f'"hostnameId":"{cf_id}"' in (entries[0].after or "")


async def test_ways_of_validation_and_wildcards_come_along_as_they_are_ordered(ward: Ward, theirs: Theirs) -> None:
    await theirs.make("txt.customer.test", ssl={"method": "txt", "type": "dv"})
    await theirs.make("wild.customer.test", ssl={"method": "txt", "type": "dv", "wildcard": True})
    found = await run(ward)
    for name, wildcard in (("txt.customer.test", False), ("wild.customer.test", True)):
        domain = found[name].domain
        assert domain is not None
        assert (domain.validation, domain.wildcard, domain.cf_differences) == ("delegated", wildcard, ())
        assert domain.read_only is None


async def test_one_that_was_adopted_before_the_suffix_was_known_gets_its_challenge_by_the_next_check(
    ward: Ward, theirs: Theirs
) -> None:
    await theirs.make("wild.customer.test", ssl={"method": "txt", "type": "dv", "wildcard": True})
    suffix = "0123456789abcdef.dcv.cloudflare.com"
    domain = (await run(ward))["wild.customer.test"].domain
    assert domain is not None
    # As Cloudflare shows it once its order is done, and before it has named the suffix of the zone.
    unknown = replace(domain, challenge_target=None)
    zone_id, now = ward.context.config.cloudflare.zone_id, ward.context.now()
    await ward.context.database.write(lambda tx: domains.update(tx, unknown))
    await ward.context.database.write(lambda tx: cloudflare_zones.store_delegation_suffix(tx, zone_id, suffix, now))
    await checks.record(ward.context, domain.id, [])
    assert (await ward.domain(domain.id)).challenge_target == f"wild.customer.test.{suffix}"


async def test_a_second_run_brings_only_what_is_new(ward: Ward, theirs: Theirs) -> None:
    await theirs.make("a.customer.test")
    first = await run(ward)
    await theirs.make("b.customer.test")
    second = await run(ward)
    assert {name: each.outcome for name, each in second.items()} == {
        "a.customer.test": "exists", "b.customer.test": "adopted",
    }  # fmt: skip
    assert second["a.customer.test"].domain is not None
    assert first["a.customer.test"].domain is not None
    assert second["a.customer.test"].domain.id == first["a.customer.test"].domain.id


async def test_a_dry_run_says_the_same_and_stores_nothing(ward: Ward, theirs: Theirs) -> None:
    await theirs.make()
    assert (await run(ward, dry_run=True))[NAME].outcome == "would_adopt"
    page = await queries.list_page(ward.context, ward.org, DomainQuery(), cursor=None, limit=10)
    assert page.items == []
    assert (await run(ward))[NAME].outcome == "adopted"


async def test_only_what_is_meant_is_adopted(ward: Ward, theirs: Theirs) -> None:
    for name in ("a.customer.test", "b.customer.test", "a.other.test"):
        await theirs.make(name)
    chosen = HostnameSelection(match=("*.CUSTOMER.test",), exclude=("b.*",))
    assert set(await run(ward, chosen)) == {"a.customer.test"}
    assert set(await run(ward, HostnameSelection(only=frozenset({"a.other.test"})))) == {"a.other.test"}


async def test_names_that_the_zone_does_not_have_are_told(ward: Ward, theirs: Theirs) -> None:
    await theirs.make()
    importer = HostnameImporter(ward.cloudflare)
    names = [f"n{number}.customer.test" for number in range(20)]
    for few in (names[:2], names):
        call = ImportRequest(
            org_id=ward.org, actor="operator", selection=HostnameSelection(only=frozenset({NAME, *few}))
        )
        steps = [step async for step in importer.run(ward.context, call)]
        assert sorted(steps[-1].missing) == sorted(few)


async def test_what_is_anothers_here_is_not_adopted(ward: Ward, theirs: Theirs, rival: Organization) -> None:
    await theirs.make("held.customer.test")
    other = Ward(ward.context, ward.cloudflare, ward.sandbox, ward.clock, rival.id)
    assert (await run(other))["held.customer.test"].outcome == "adopted"
    await theirs.make("claimed.customer.test")
    await additions.add(ward.context, rival.id, "claimed.customer.test")
    await theirs.make("app.zone.test")
    zone = await zone_registry.add(ward.context, rival.id, "zone.test")
    await ward.context.database.write(
        lambda tx: tx.execute("UPDATE zones SET status = 'proved', proved_at = 1 WHERE id = ?", (zone.id,))
    )
    found = await run(ward)
    assert {(each.outcome, each.owner_id) for each in found.values()} == {("of_another", rival.id)}
    assert {name: each.error and each.error.code for name, each in found.items()} == {
        "held.customer.test": "held_by_another",
        "claimed.customer.test": "claimed_by_another",
        "app.zone.test": "zone_of_another",
    }


async def test_a_name_in_the_organizations_own_zone_is_proved_by_it(ward: Ward, theirs: Theirs) -> None:
    await theirs.make()
    zone = await zone_registry.add(ward.context, ward.org, "customer.test")
    await ward.context.database.write(
        lambda tx: tx.execute("UPDATE zones SET status = 'proved', proved_at = 1 WHERE id = ?", (zone.id,))
    )
    assert (await adopted(ward)).proof is Proof.ZONE


async def test_what_goes_or_has_no_valid_name_is_not_adopted(ward: Ward, theirs: Theirs) -> None:
    await theirs.make("going.customer.test")
    ward.sandbox.world.force("going.customer.test", ForcedStateChange(status=HostnameStatus.PENDING_DELETION))
    await theirs.make("x.edge.sandbox.test", is_pointed=False)
    removed = await ward.registered("removed.customer.test")
    await removals.remove(ward.context, ward.org, removed.id)
    found = await run(ward)
    assert {name: refusal(each) for name, each in found.items()} == {
        "going.customer.test": "hostname_being_deleted",
        "x.edge.sandbox.test": "hostname_invalid",
        "removed.customer.test": "hostname_being_removed",
    }


async def test_one_that_has_moved_comes_along_as_an_error_that_is_not_told(ward: Ward, theirs: Theirs) -> None:
    await theirs.make()
    ward.sandbox.world.force(NAME, ForcedStateChange(status=HostnameStatus.MOVED, is_sticky=True))
    domain = await adopted(ward)
    assert domain.error is not None
    assert (domain.status, domain.error.code) == (DomainStatus.ERROR, "moved")
    assert await event_names(ward.context, ward.org) == []


async def test_no_more_are_adopted_than_the_quota_allows(ward: Ward, theirs: Theirs) -> None:
    for number in range(3):
        await theirs.make(f"n{number}.customer.test")
    await quotas.set_quotas(ward.context, ward.org, {Quota.DOMAINS: 2})
    for dry_run in (True, False):
        found = await run(ward, dry_run=dry_run)
        assert [each.error is None for each in found.values()] == [True, True, False]
        assert refusal(found["n2.customer.test"]) == "quota_reached"


async def test_the_customers_target_can_be_another_than_the_configured_one(ward: Ward, theirs: Theirs) -> None:
    await theirs.make()
    (result,) = (await run(ward, target="old.sandbox.test")).values()
    assert result.domain is not None
    assert result.domain.cname_target == "old.sandbox.test"


async def test_without_a_token_the_command_says_which_key_is_missing(
    context: Context, cloudflare: CloudflareClient
) -> None:
    config = context.live_config.value
    context.live_config.value = replace(config, cloudflare=replace(config.cloudflare, zone_id=""))
    with pytest.raises(NotConfigured, match=r"cloudflare\.zone_id"):
        async for _ in HostnameImporter(cloudflare).run(context, ImportRequest(org_id="x", actor="operator")):
            pass


async def test_every_adopted_domain_is_stored_with_what_it_has(ward: Ward, theirs: Theirs) -> None:
    settings = {"min_tls_version": "1.2", "ciphers": ["AES128-SHA"], "http2": "off", "tls_1_3": "on"}
    await theirs.make(
        ssl={"method": "http", "type": "dv", "settings": settings, "bundle_method": "optimal"},
        custom_metadata={"plan": "gold", "ünïcode": "\u2603"},
        custom_origin_server="origin.saas.test",
        custom_origin_sni=":request_host_header:",
    )
    domain = await adopted(ward)
    stored = await ward.context.database.read(lambda snapshot: domains.get(snapshot, domain.id))
    assert stored is not None
    assert stored.kept_settings == {
        "custom_metadata": {"plan": "gold", "ünïcode": "\u2603"},
        "custom_origin_server": "origin.saas.test",
        "custom_origin_sni": ":request_host_header:",
        "ssl": {"settings": settings, "bundle_method": "optimal"},
    }
