"""Records are written only into the zone that resolvers are led to."""

import pytest
from msgspec.structs import replace

from dcvd.core.jobs import JobState
from dcvd.core.records.zone_use import PublicZone
from dcvd.errors import Conflict, Retryable
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.records.other_connections import find_reaching_connection
from dcvd.store.organizations.organizations import Organization
from tests.dns_provider import ZoneAtProvider, connect
from tests.records.writing.conftest import NAME, OURS, THEIRS, Desk

HERE = ("ns1.here.test", "ns2.here.test")
ELSEWHERE = ("ns1.elsewhere.test", "ns2.elsewhere.test")


@pytest.fixture(autouse=True)
def served_here(desk: Desk) -> None:
    """The connection's zone says its servers, and DNS leads to these."""
    desk.zone.zone = replace(desk.zone.zone, nameservers=HERE)
    desk.access.public_dns.zone = PublicZone(name="customer.test", nameservers=HERE)


async def test_a_zone_that_others_run_by_now_is_refused_and_a_job_for_it_is_dead(desk: Desk) -> None:
    desk.access.public_dns.zone = PublicZone(name="customer.test", nameservers=ELSEWHERE)
    domain = await desk.domain()
    job = await desk.work()
    assert (job.state, job.last_error_code) == (JobState.DEAD, "zone_not_in_use")
    assert "ns1.elsewhere.test and ns2.elsewhere.test" in (job.last_error or "")
    with pytest.raises(Conflict, match="name servers ns1") as caught:
        await desk.ask(domain)
    assert caught.value.code == "zone_not_in_use"
    assert desk.zone.changes == 0


async def test_servers_with_other_names_at_the_same_addresses_are_the_same(desk: Desk) -> None:
    desk.access.public_dns.zone = PublicZone(name="customer.test", nameservers=ELSEWHERE)
    desk.access.public_dns.addresses = {"ns2.here.test": "192.0.2.2", "ns1.elsewhere.test": "192.0.2.2"}
    await desk.domain()
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]


async def test_a_forgotten_zone_further_down_is_passed_over_where_the_connection_holds_the_one_in_use(
    desk: Desk,
) -> None:
    desk.zone.forgotten = replace(desk.zone.zone, id="zone-2", name=NAME)
    await desk.domain()
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]


async def test_a_forgotten_zone_alone_is_refused_by_its_name(desk: Desk) -> None:
    desk.zone.zone = replace(desk.zone.zone, name=NAME)
    domain = await desk.domain()
    await desk.work()
    with pytest.raises(Conflict, match=f"The connection reaches {NAME}") as caught:
        await desk.ask(domain)
    assert caught.value.code == "zone_not_in_use"


async def test_another_connection_that_reaches_the_zone_in_use_is_named(desk: Desk, context: Context) -> None:
    other = await connect(context, desk.org_id)
    desk.access.public_dns.zone = PublicZone(name="customer.test", nameservers=ELSEWHERE)
    desk.access.others[other.id] = reached = ZoneAtProvider()
    domain = await desk.domain()
    for nameservers, is_named in ((ELSEWHERE, True), (HERE, False), ((), True)):
        reached.zone = replace(reached.zone, nameservers=nameservers)
        with pytest.raises(Conflict) as caught:
            await desk.ask(domain)
        assert (f"The connection {other.id} reaches the zone customer.test" in caught.value.message) is is_named
    desk.zone.zone = replace(desk.zone.zone, name="unrelated.test")
    with pytest.raises(Conflict, match=f"The connection {other.id} reaches") as caught:
        await desk.ask(domain)
    assert caught.value.code == "zone_not_found"


async def test_another_connection_that_fails_or_hangs_is_not_named_and_keeps_nobody_waiting_for_long(
    desk: Desk, context: Context
) -> None:
    public = PublicZone(name="customer.test", nameservers=ELSEWHERE)
    for number in range(2):
        broken = desk.access.others[(await connect(context, desk.org_id)).id] = ZoneAtProvider()
        broken.is_stuck = number == 0
        broken.refuses = None if broken.is_stuck else Retryable("Not now.", code="provider_unavailable")
    good = await connect(context, desk.org_id)
    desk.access.others[good.id] = ZoneAtProvider()
    found = await find_reaching_connection(context, desk.access, desk.org_id, desk.connection_id, public, timeout_s=0.2)
    assert found == good.id


async def test_nobody_learns_of_the_connections_of_another_link_or_organization(
    desk: Desk, context: Context, rival: Organization
) -> None:
    desk.access.public_dns.zone = PublicZone(name="customer.test", nameservers=ELSEWHERE)
    ours = await connect(context, desk.org_id, link_id="link_a")
    for org_id, link_id in ((desk.org_id, "link_b"), (desk.org_id, None), (rival.id, None)):
        desk.access.others[(await connect(context, org_id, link_id=link_id)).id] = ZoneAtProvider()
    domain = await additions.add(context, desk.org_id, NAME)
    desk.connection_id = ours.id
    with pytest.raises(Conflict) as caught:
        await desk.ask(domain)
    assert caught.value.code == "zone_not_in_use"
    assert "The connection conn_" not in caught.value.message


async def test_while_dns_says_nothing_the_zone_is_written_to_if_its_provider_says_that_it_serves_it(
    desk: Desk,
) -> None:
    desk.access.public_dns.is_silent = True
    await desk.domain()
    for attempts in (1, 2):
        job = await desk.work()
        assert (job.state, job.last_error_code, job.attempts) == (JobState.PENDING, "dns_unavailable", attempts)
    assert desk.zone.standing == []
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]


async def test_a_zone_that_may_end_above_the_name_is_written_to_only_by_its_providers_word(desk: Desk) -> None:
    desk.access.public_dns.zone = PublicZone(name="customer.test", nameservers=HERE, is_answered=False)
    desk.zone.zone = replace(desk.zone.zone, setup="partial")
    await desk.domain()
    for _ in range(3):
        job = await desk.work()
        assert (job.state, job.last_error_code) == (JobState.PENDING, "dns_unavailable")
    desk.zone.zone = replace(desk.zone.zone, setup="full")
    assert (await desk.work()).state is JobState.DONE


async def test_a_name_server_that_nobody_answers_for_keeps_the_write_waiting_unless_the_names_tell(desk: Desk) -> None:
    desk.access.public_dns.zone = PublicZone(name="customer.test", nameservers=ELSEWHERE)
    desk.access.public_dns.addresses = {"ns1.here.test": "192.0.2.1", "ns1.elsewhere.test": "192.0.2.2"}
    desk.access.public_dns.silent = {"ns2.elsewhere.test"}
    await desk.domain()
    job = await desk.work()
    assert (job.state, job.last_error_code, desk.zone.standing) == (JobState.PENDING, "dns_unavailable", [])
    assert "for the addresses of ns2.elsewhere.test" in (job.last_error or "")
    desk.access.public_dns.addresses["ns1.elsewhere.test"] = "192.0.2.1"
    assert (await desk.work()).state is JobState.DONE


async def test_while_nobody_can_be_asked_nothing_is_written(desk: Desk) -> None:
    desk.access.public_dns.is_out_of_sockets = True
    await desk.domain()
    job = await desk.work()
    assert (job.state, job.last_error_code, desk.zone.standing) == (JobState.PENDING, "own_limit", [])


async def test_while_dns_says_nothing_a_zone_that_waits_for_its_delegation_waits_too(desk: Desk) -> None:
    desk.access.public_dns.is_silent = True
    desk.zone.zone = replace(desk.zone.zone, is_active=False)
    await desk.domain()
    job = await desk.work()
    assert (job.state, job.last_error_code) == (JobState.PENDING, "dns_unavailable")
    desk.access.public_dns.is_silent = False
    assert (await desk.work()).state is JobState.DONE


async def test_what_was_written_is_taken_out_of_a_zone_that_others_run_by_now(desk: Desk) -> None:
    domain = await desk.replace()
    assert desk.zone.standing == [OURS]
    desk.access.public_dns.zone = PublicZone(name="customer.test", nameservers=ELSEWHERE)
    await desk.undo(domain)
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [THEIRS]
