"""The operator's zone is checked by calls that change nothing, and what calls meet is remembered."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.core.domains.saas_zone import UNKNOWN_ZONE, PlanFeature, ZoneFaultCode
from dcvd.core.instants import DAY
from dcvd.core.records.zone_use import HostAddresses
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.zone_check import judge_fallback_origin
from dcvd.custom_hostnames.zone_watch import ZoneWatch
from dcvd.errors import Permanent, Retryable, Unauthorized
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from dcvd.services import saas_zone
from tests.faults import fault, heal, set_plan, state

OK = ["ok"] * 6
PARTS = ["token", "permission", "zone", "quota", "fallbackOrigin", "target"]


class Dns:
    """What DNS has for the target; None where nobody answers."""

    def __init__(self) -> None:
        self.addresses: frozenset[str] | None = frozenset({"192.0.2.1"})
        self.names: list[str] = []

    async def read_addresses(self, names: Sequence[str]) -> HostAddresses:
        self.names += names
        if self.addresses is None:
            return HostAddresses(unanswered=tuple(names))
        return HostAddresses(found=self.addresses)


@pytest.fixture
def dns() -> Dns:
    return Dns()


async def checked(live_config: Live[Config], client: CloudflareClient, dns: Dns) -> dict[str, str]:
    """State of each part."""
    results = await saas_zone.check(live_config.value, client, dns)
    assert not [result for result in results if not result.message.endswith(".")]
    return {result.part: result.state for result in results}


def faults(client: CloudflareClient) -> list[ZoneFaultCode]:
    return [fault.code for fault in client.zone_watch.zone.faults]


async def test_a_zone_that_is_right_is_right_and_nothing_is_changed(
    cloudflare: CloudflareClient, live_config: Live[Config], quick_sandbox: Sandbox, dns: Dns
) -> None:
    assert await checked(live_config, cloudflare, dns) == dict(zip(PARTS, OK, strict=True))
    assert faults(cloudflare) == []
    assert cloudflare.zone_watch.zone.lacking == frozenset()
    assert (await state(quick_sandbox))["hostnames"] == []
    assert dns.names == ["edge.sandbox.test"]


async def test_a_wrong_token_is_found_and_nothing_else_is_asked(
    cloudflare: CloudflareClient, live_config: Live[Config], dns: Dns
) -> None:
    right = live_config.value
    live_config.value = replace(right, cloudflare=replace(right.cloudflare, api_token=Secret("wrong")))
    assert await checked(live_config, cloudflare, dns) == {"token": "failing", "target": "ok"}
    assert faults(cloudflare) == [ZoneFaultCode.UNAUTHORIZED]
    live_config.value = right
    assert await checked(live_config, cloudflare, dns) == dict(zip(PARTS, OK, strict=True))
    assert faults(cloudflare) == []


async def test_a_token_that_may_only_read_is_found_and_reads_do_not_hide_that(
    cloudflare: CloudflareClient, live_config: Live[Config], quick_sandbox: Sandbox, dns: Dns
) -> None:
    for method in ("PATCH", "POST"):
        await fault(quick_sandbox, kind="status", method=method, status=403)
    assert (await checked(live_config, cloudflare, dns))["permission"] == "failing"
    await cloudflare.list_page(1)
    assert faults(cloudflare) == [ZoneFaultCode.UNAUTHORIZED]
    await heal(quick_sandbox)
    await cloudflare.create("app.customer.test")
    assert faults(cloudflare) == []


async def test_a_zone_that_cloudflare_does_not_know_is_waited_for(
    cloudflare: CloudflareClient, live_config: Live[Config], dns: Dns
) -> None:
    right = live_config.value
    live_config.value = replace(right, cloudflare=replace(right.cloudflare, zone_id="nobodys"))
    assert (await checked(live_config, cloudflare, dns))["token"] == "failing"
    assert faults(cloudflare) == [ZoneFaultCode.ZONE_NOT_FOUND]
    with pytest.raises(Retryable) as caught:
        await cloudflare.create("app.customer.test")
    assert caught.value.code == "cloudflare_zone_not_found"
    live_config.value = right
    await cloudflare.list_page(1)
    assert faults(cloudflare) == []


async def test_saas_that_is_not_enabled_and_a_quota_that_is_used_up_are_told_apart(
    cloudflare: CloudflareClient, live_config: Live[Config], quick_sandbox: Sandbox, dns: Dns
) -> None:
    await set_plan(quick_sandbox, hardCap=0)
    assert (await checked(live_config, cloudflare, dns))["quota"] == "failing"
    assert faults(cloudflare) == [ZoneFaultCode.NOT_ENABLED]
    with pytest.raises(Retryable) as caught:
        await cloudflare.create("app.customer.test")
    assert caught.value.code == "saas_not_enabled"
    await set_plan(quick_sandbox, hardCap=1)
    await cloudflare.create("app.customer.test")
    assert faults(cloudflare) == []
    with pytest.raises(Retryable) as caught:
        await cloudflare.create("shop.customer.test")
    assert caught.value.code == "quota_exceeded"
    assert (await checked(live_config, cloudflare, dns))["quota"] == "failing"
    assert faults(cloudflare) == [ZoneFaultCode.QUOTA_EXCEEDED]
    await set_plan(quick_sandbox, hardCap=2)
    assert (await checked(live_config, cloudflare, dns))["quota"] == "ok"
    assert faults(cloudflare) == []


async def test_a_missing_fallback_origin_and_a_target_without_addresses_are_found(
    cloudflare: CloudflareClient, live_config: Live[Config], quick_sandbox: Sandbox, dns: Dns
) -> None:
    quick_sandbox.world.set_fallback(None)
    dns.addresses = frozenset()
    found = await checked(live_config, cloudflare, dns)
    assert (found["fallbackOrigin"], found["target"]) == ("failing", "failing")
    assert faults(cloudflare) == [ZoneFaultCode.FALLBACK_ORIGIN, ZoneFaultCode.TARGET_UNRESOLVED]
    dns.addresses = None
    assert (await checked(live_config, cloudflare, dns))["target"] == "unknown"
    assert ZoneFaultCode.TARGET_UNRESOLVED in faults(cloudflare)
    quick_sandbox.world.set_fallback("edge.sandbox.test")
    quick_sandbox.world.clock.advance(60_000)
    dns.addresses = frozenset({"192.0.2.1"})
    assert await checked(live_config, cloudflare, dns) == dict(zip(PARTS, OK, strict=True))
    assert faults(cloudflare) == []


async def test_a_target_with_a_label_of_its_own_for_each_claim_is_asked_for_below_the_service(
    cloudflare: CloudflareClient, live_config: Live[Config], dns: Dns
) -> None:
    right = live_config.value
    live_config.value = replace(right, cloudflare=replace(right.cloudflare, cname_target="{token}.edge.sandbox.test"))
    await checked(live_config, cloudflare, dns)
    (name,) = dns.names
    assert name.endswith(".edge.sandbox.test")
    assert "{" not in name


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_what_the_token_may_not_read_is_not_known_and_no_fault(
    cloudflare: CloudflareClient, live_config: Live[Config], quick_sandbox: Sandbox, dns: Dns, status: int
) -> None:
    zone_id = live_config.value.cloudflare.zone_id
    zone_path = f"/zones/[{zone_id[0]}]{zone_id[1:]}"  # a glob, so that it is no prefix
    for path in (zone_path, f"{zone_path}/custom_hostnames/quota"):
        await fault(quick_sandbox, kind="status", path=path, status=status)
    found = await checked(live_config, cloudflare, dns)
    assert (found["zone"], found["quota"]) == ("unknown", "unknown")
    assert faults(cloudflare) == []


async def test_a_cloudflare_that_is_away_says_nothing_of_the_zone(
    cloudflare: CloudflareClient, live_config: Live[Config], quick_sandbox: Sandbox, dns: Dns
) -> None:
    await fault(quick_sandbox, kind="status", status=503)
    assert await checked(live_config, cloudflare, dns) == {"token": "unknown", "target": "ok"}
    assert faults(cloudflare) == []


@pytest.mark.parametrize("plan", ["free", "pro", "business"])
async def test_what_a_plan_lacks_is_learned_by_the_check(
    cloudflare: CloudflareClient, live_config: Live[Config], quick_sandbox: Sandbox, dns: Dns, plan: str
) -> None:
    await set_plan(quick_sandbox, plan=plan)
    assert (await checked(live_config, cloudflare, dns))["zone"] == "ok"
    assert cloudflare.zone_watch.zone.lacking == frozenset(PlanFeature)
    await set_plan(quick_sandbox, plan="enterprise")
    await checked(live_config, cloudflare, dns)
    assert cloudflare.zone_watch.zone.lacking == frozenset()


async def test_of_a_plan_with_another_name_nothing_is_known(
    cloudflare: CloudflareClient, live_config: Live[Config], quick_sandbox: Sandbox, dns: Dns
) -> None:
    quick_sandbox.world.plan = "partners_enterprise"  # type: ignore[assignment]  # no plan of the sandbox's
    assert (await checked(live_config, cloudflare, dns))["zone"] == "ok"
    assert cloudflare.zone_watch.zone.lacking == frozenset()


async def test_what_an_order_has_shown_counts_for_more_than_the_name_of_the_plan(cloudflare: CloudflareClient) -> None:
    watch = cloudflare.zone_watch
    watch.record_feature(PlanFeature.WILDCARD)
    watch.learn_plan("business", PlanFeature)
    assert watch.zone.lacking == frozenset(PlanFeature), "another plan may have less"
    watch.record_feature(PlanFeature.WILDCARD)
    watch.learn_plan("business", PlanFeature)
    assert watch.zone.lacking == {PlanFeature.AUTHORITY_CHOICE}


def test_what_was_refused_is_tried_again_after_a_day() -> None:
    now = [0]
    watch = ZoneWatch(Live(UNKNOWN_ZONE), lambda: now[0], lambda _: None)
    refusal = Permanent("1459: wildcard.customer.test needs Enterprise for a certificate_authority.", code="plan_lacks")
    watch.record_error("POST", refusal, "wildcard.customer.test")
    assert watch.zone.lacking == {PlanFeature.AUTHORITY_CHOICE}
    now[0] = DAY - 1
    watch.forget_old_lacks()
    assert watch.zone.lacks(PlanFeature.AUTHORITY_CHOICE)
    now[0] = DAY
    watch.forget_old_lacks()
    assert watch.zone.lacking == frozenset()


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"origin": "edge.sandbox.test", "status": "active"}, "ok"),
        ({"origin": "edge.sandbox.test", "status": "initializing"}, "unknown"),
        ({"origin": "edge.sandbox.test", "status": "pending_deployment"}, "unknown"),
        ({"origin": "edge.sandbox.test"}, "unknown"),
        ({"origin": 7, "status": "active"}, "unknown"),
        ([], "unknown"),
        (None, "unknown"),
        ({"origin": "edge.sandbox.test", "status": "deployment_timed_out"}, "failing"),
        ({"origin": "edge.sandbox.test", "status": "pending_deletion"}, "failing"),
        ({"origin": ""}, "failing"),
        ({}, "failing"),
    ],
)
def test_a_fallback_origin_fails_only_where_it_is_missing_or_lost(answer: object, state: str) -> None:
    found, message = judge_fallback_origin(answer)
    assert found == state
    assert message.endswith(".")


@pytest.mark.parametrize(("status", "state"), [(403, "failing"), (400, "unknown"), (409, "unknown")])
async def test_only_a_refusal_of_the_token_means_that_it_may_not_write(
    cloudflare: CloudflareClient,
    live_config: Live[Config],
    quick_sandbox: Sandbox,
    dns: Dns,
    status: int,
    state: str,
) -> None:
    await fault(quick_sandbox, kind="status", method="PATCH", status=status)
    assert (await checked(live_config, cloudflare, dns))["permission"] == state


async def test_a_target_without_addresses_concerns_the_domains_that_point_to_it(
    cloudflare: CloudflareClient, live_config: Live[Config], dns: Dns
) -> None:
    dns.addresses = frozenset()
    await checked(live_config, cloudflare, dns)
    (fault_of_target,) = cloudflare.zone_watch.zone.faults
    assert fault_of_target.target == live_config.value.cloudflare.cname_target


@pytest.fixture
def choosing(live_config: Live[Config]) -> Live[Config]:
    """The operator has chosen a CA."""
    right = live_config.value
    cloudflare = replace(right.cloudflare, certificate_authorities=("lets_encrypt", "google"))
    live_config.value = replace(right, cloudflare=cloudflare)
    return live_config


async def test_a_ca_that_may_not_be_chosen_is_left_out_from_the_first_refusal_on(
    cloudflare: CloudflareClient, choosing: Live[Config], quick_sandbox: Sandbox
) -> None:
    await set_plan(quick_sandbox, plan="free")
    created = await cloudflare.create("app.customer.test")
    assert created.certificate_authority == "google"
    assert cloudflare.zone_watch.zone.lacking == {PlanFeature.AUTHORITY_CHOICE}
    before = quick_sandbox.world.requests["POST /zones/{zone_id}/custom_hostnames"]
    await cloudflare.create("shop.customer.test")
    assert quick_sandbox.world.requests["POST /zones/{zone_id}/custom_hostnames"] == before + 1
    order = cloudflare.build_order("app.customer.test")
    assert order.certificate_authorities == ()
    await cloudflare.edit(created, replace(order, certificate_authorities=("lets_encrypt",)))
    await cloudflare.revalidate(created, order, certificate_authority="lets_encrypt")


async def test_a_ca_that_may_be_chosen_is(cloudflare: CloudflareClient, choosing: Live[Config]) -> None:
    assert (await cloudflare.create("app.customer.test")).certificate_authority == "lets_encrypt"


async def test_a_wildcard_that_the_plan_lacks_is_never_ordered_without_it(
    cloudflare: CloudflareClient, choosing: Live[Config], quick_sandbox: Sandbox
) -> None:
    await set_plan(quick_sandbox, plan="free")
    with pytest.raises(Permanent) as caught:
        await cloudflare.create("app.customer.test", validation="delegated", wildcard=True)
    assert caught.value.code == "plan_lacks"
    assert (await state(quick_sandbox))["hostnames"] == []
    assert cloudflare.zone_watch.zone.lacking == frozenset(PlanFeature)
    await set_plan(quick_sandbox, plan="enterprise")
    created = await cloudflare.create("app.customer.test", validation="delegated", wildcard=True)
    assert created.wildcard is True
    assert PlanFeature.WILDCARD not in cloudflare.zone_watch.zone.lacking


async def test_the_end_of_a_fault_is_announced_with_its_code(live_config: Live[Config], quick_sandbox: Sandbox) -> None:
    ended: list[Sequence[str]] = []
    client = CloudflareClient(live_config, Metrics(), on_fault_ended=ended.append)
    await client.start()
    try:
        await fault(quick_sandbox, kind="status", status=401, times=1)
        with pytest.raises(Unauthorized):
            await client.list_page(1)
        assert ended == []
        await client.list_page(1)
        await client.list_page(1)
    finally:
        await client.close()
    assert ended == [["cloudflare_unauthorized"]]
