"""A hostname that Cloudflare has already is adopted as it was ordered, or not at all."""

from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec.structs import replace

from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.domains.domain import Domain, DomainStatus, ValidationMethod
from dcvd.core.instants import DAY, MINUTE
from dcvd.core.jobs import JobState
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.kit.clock import SystemClock
from dcvd.sandbox import Sandbox
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.jobs import queue
from tests.conftest import VAULT
from tests.faults import fault, heal
from tests.jobs.ward import NAME, Ward
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs

OTHER_METHOD = "the method is txt instead of http"


@pytest.fixture
async def ward(sandbox_context: Context, cloudflare: CloudflareClient, quick_sandbox: Sandbox, org: str) -> Ward:
    clock = ManualClock(SystemClock().now())
    context = Context(
        sandbox_context.database, sandbox_context.live_config, vault=VAULT, clock=clock, random_fraction=lambda: 0.0
    )
    return Ward(context, cloudflare, quick_sandbox, clock, org)


async def adopt(ward: Ward, validation: ValidationMethod, *, wildcard: bool = False) -> Domain:
    """A domain whose registration was tried once."""
    domain = await additions.add(ward.context, ward.org, NAME, validation=validation, wildcard=wildcard)
    await ward.work()
    return await ward.domain(domain.id)


async def serve(ward: Ward, **order: object) -> str:
    """A hostname of somebody's that serves at Cloudflare; its id."""
    ward.sandbox.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    created = await ward.cloudflare.create(NAME, **order)  # type: ignore[arg-type]  # each caller orders what there is
    ward.sandbox.world.clock.advance(DAY)
    found = await ward.cloudflare.get(created.id)
    assert (found.status, found.ssl_status) == ("active", "active")  # type: ignore[union-attr]  # it is there
    return created.id


@pytest.fixture
async def contradictory_url() -> AsyncIterator[str]:
    """The URL of a Cloudflare that has every hostname already, and lists none."""

    async def refuse(request: web.Request) -> web.Response:
        error = {"code": 1406, "message": "Duplicate custom hostname found."}
        return web.json_response({"success": False, "errors": [error], "result": None}, status=409)

    async def list_none(request: web.Request) -> web.Response:
        return web.json_response({"success": True, "errors": [], "result": [], "result_info": {"total_pages": 1}})

    application = web.Application()
    application.router.add_post("/zones/{zone}/custom_hostnames", refuse)
    application.router.add_get("/zones/{zone}/custom_hostnames", list_none)
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/")


async def edit_by_hand(ward: Ward, cf_id: str, changes: Mapping[str, object]) -> None:
    """Edit a hostname as somebody at Cloudflare's dashboard does."""
    config = ward.context.config.cloudflare
    url = f"{config.base_url}/zones/{config.zone_id}/custom_hostnames/{cf_id}"
    headers = {"Authorization": f"Bearer {config.api_token.reveal()}"}
    body = {"ssl": {"method": "http", "type": "dv", "wildcard": False, **changes}}
    async with (
        aiohttp.ClientSession() as session,
        session.patch(url, json=body, headers=headers, raise_for_status=True) as response,
    ):
        await response.read()


async def test_one_that_is_as_ordered_is_adopted_without_an_edit_and_active_at_once(ward: Ward) -> None:
    cf_id = await serve(ward)
    adopted = await adopt(ward, "http")
    assert (adopted.cf_id, adopted.status) == (cf_id, DomainStatus.ACTIVE)
    assert ward.calls("PATCH") == 0


async def test_one_without_the_wildcard_that_was_ordered_is_edited_and_not_active_before_its_new_certificate(
    ward: Ward,
) -> None:
    cf_id = await serve(ward)
    adopted = await adopt(ward, "delegated", wildcard=True)
    assert (adopted.cf_id, ward.calls("PATCH")) == (cf_id, 1)
    assert adopted.status is DomainStatus.ISSUING
    assert adopted.certificate is None
    ward.sandbox.world.clock.advance(DAY)
    assert (await ward.look(adopted.id)).status is DomainStatus.ISSUING, "nobody has proven the wildcard"
    delegation = f"{NAME}.{ward.sandbox.world.delegation_uuid}.dcv.cloudflare.com."
    ward.sandbox.set_dns(f"_acme-challenge.{NAME}", "CNAME", [delegation])
    ward.sandbox.world.clock.advance(DAY)
    assert (await ward.look(adopted.id)).status is DomainStatus.ACTIVE
    found = await ward.cloudflare.get(cf_id)
    assert (found.method, found.wildcard) == ("txt", True)  # type: ignore[union-attr]  # it is there


@pytest.mark.parametrize(("theirs", "ours", "method"), [("delegated", "http", "http"), ("http", "delegated", "txt")])
async def test_one_with_another_way_of_validation_is_edited(
    ward: Ward, theirs: ValidationMethod, ours: ValidationMethod, method: str
) -> None:
    created = await ward.cloudflare.create(NAME, validation=theirs)
    adopted = await adopt(ward, ours)
    assert (adopted.cf_id, ward.calls("PATCH")) == (created.id, 1)
    found = await ward.cloudflare.get(created.id)
    assert found.method == method  # type: ignore[union-attr]  # it is there


async def test_a_wildcard_that_nobody_ordered_is_edited_away(ward: Ward) -> None:
    created = await ward.cloudflare.create(NAME, validation="delegated", wildcard=True)
    await adopt(ward, "http")
    found = await ward.cloudflare.get(created.id)
    assert (found.method, found.wildcard) == ("http", False)  # type: ignore[union-attr]  # it is there


async def test_a_ca_that_may_not_issue_is_changed_to_the_first_that_may(ward: Ward) -> None:
    created = await ward.cloudflare.create(NAME)
    config = ward.context.config
    allowed = replace(config.cloudflare, certificate_authorities=("lets_encrypt", "ssl_com"))
    ward.context.live_config.value = replace(config, cloudflare=allowed)
    assert (await adopt(ward, "http")).certificate_authority == "lets_encrypt"
    assert (await ward.domain((await all_jobs(ward.context, ward.org))[0].domain_id or "")).cf_id == created.id


async def test_what_an_edit_cannot_change_is_an_error_that_names_it_until_a_retry_finds_it_changed(ward: Ward) -> None:
    await ward.cloudflare.create(NAME)
    await fault(ward.sandbox, method="PATCH", kind="status", status=400)
    refused = await adopt(ward, "delegated", wildcard=True)
    assert refused.error is not None
    assert (refused.status, refused.error.code, refused.cf_id) == (DomainStatus.ERROR, "hostname_differs", None)
    assert "the method is http instead of txt; wildcard is false instead of true" in refused.error.message
    (job,) = await all_jobs(ward.context, ward.org)
    assert (job.state, job.last_error_code) == (JobState.DEAD, "hostname_differs")
    await heal(ward.sandbox)
    await queue.retry(ward.context, ward.org, job.id)
    await ward.work()
    adopted = await ward.domain(refused.id)
    assert adopted.cf_id is not None
    assert adopted.error is None


async def test_an_edit_whose_answer_was_lost_is_not_made_twice(ward: Ward) -> None:
    await ward.cloudflare.create(NAME)
    await fault(ward.sandbox, method="PATCH", kind="lost_answer", times=1)
    waiting = await adopt(ward, "delegated", wildcard=True)
    assert waiting.cf_id is None
    ward.clock.advance(MINUTE)
    await ward.work()
    assert (await ward.domain(waiting.id)).cf_id is not None
    assert ward.calls("PATCH") == 1


@pytest.mark.parametrize(
    ("changes", "differences"),
    [
        ({"method": "txt"}, (OTHER_METHOD,)),
        (
            {"wildcard": True, "method": "txt"},
            (OTHER_METHOD, "wildcard is true instead of false"),
        ),
        ({"certificate_authority": "ssl_com"}, ()),
        ({"settings": {"min_tls_version": "1.2"}}, ()),
    ],
)
async def test_what_somebody_changes_at_cloudflare_later_is_a_finding_and_is_left_as_it_is(
    ward: Ward, changes: dict[str, object], differences: tuple[str, ...]
) -> None:
    cf_id = await serve(ward)
    adopted = await adopt(ward, "http")
    assert findings_of(adopted, ward.clock.now()) == ()
    await edit_by_hand(ward, cf_id, changes)
    changed = await ward.look(adopted.id)
    assert changed.status is DomainStatus.ACTIVE
    assert [finding.evidence for finding in findings_of(changed, ward.clock.now())] == (
        [differences] if differences else []
    )
    await ward.work()
    assert ward.calls("PATCH") == 1, "they may have meant it"
    await edit_by_hand(ward, cf_id, {"method": "http", "wildcard": False})
    assert findings_of(await ward.look(adopted.id), ward.clock.now()) == ()


async def test_a_hostname_that_cloudflare_has_but_never_lists_is_an_error_of_its_domain_after_the_last_attempt(
    ward: Ward, contradictory_url: str
) -> None:
    config = ward.context.config
    ward.context.live_config.value = replace(config, cloudflare=replace(config.cloudflare, base_url=contradictory_url))
    domain = await additions.add(ward.context, ward.org, NAME)
    for _ in range(config.jobs.max_attempts):
        await ward.work()
    (job,) = await all_jobs(ward.context, ward.org)
    assert (job.state, job.last_error_code) == (JobState.DEAD, "cloudflare_unexpected")
    error = (await ward.domain(domain.id)).error
    assert error is not None
    assert error.code == "registration_failed"
