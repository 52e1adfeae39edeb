"""Domains that came along while Cloudflare did not answer are adopted as they are there, once it does."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import DomainStatus
from dcvd.core.predecessor.rows import DomainRow, OrganizationRow
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.sandbox import Sandbox
from dcvd.services.context import Context
from tests.jobs.ward import NAME, Ward
from tests.manual_clock import ManualClock
from tests.services.predecessor.conftest import Bring

ORG = OrganizationRow(id="o1", org_id="o1", title="One")
ROW = DomainRow(id="d1", org_id="o1", domain_name=NAME, state="active")


@pytest.fixture
def ward(context: Context, cloudflare: CloudflareClient, quick_sandbox: Sandbox, clock: ManualClock) -> Ward:
    return Ward(context, cloudflare, quick_sandbox, clock, "o1")


@contextmanager
def outage(context: Context) -> Iterator[None]:
    config = context.config
    nowhere = replace(config.cloudflare, base_url="http://127.0.0.1:9/client/v4")
    context.live_config.value = replace(config, cloudflare=nowhere)
    yield
    context.live_config.value = config


@pytest.mark.parametrize("is_checked_before", [False, True])
async def test_one_without_an_id_is_found_by_its_name_and_not_edited(
    ward: Ward, cloudflare: CloudflareClient, bring: Bring, is_checked_before: bool
) -> None:
    made = await cloudflare.create(NAME, validation="delegated", wildcard=True)
    with outage(ward.context):
        await bring([ORG, ROW])
    if is_checked_before:
        await ward.look("d1")
    await ward.work()
    domain = await ward.domain("d1")
    assert (domain.cf_id, domain.validation, domain.wildcard) == (made.id, "delegated", True)
    assert (domain.cf_differences, ward.calls("PATCH")) == ((), 0)


async def test_one_with_an_id_is_as_its_first_check_finds_it(
    ward: Ward, cloudflare: CloudflareClient, bring: Bring
) -> None:
    made = await cloudflare.create(NAME, validation="delegated")
    with outage(ward.context):
        await bring([ORG, replace(ROW, cf_id=made.id)])
    domain = await ward.look("d1")
    assert (domain.validation, domain.cf_differences, domain.awaits_first_check) == ("delegated", (), False)
    assert (await ward.events(), ward.calls("PATCH")) == ({}, 0)


async def test_one_that_cloudflare_turns_out_not_to_have_is_registered(ward: Ward, bring: Bring) -> None:
    with outage(ward.context):
        await bring([ORG, ROW])
    await ward.work()
    domain = await ward.domain("d1")
    assert (domain.cf_id is not None, domain.validation) == (True, "http")
    assert domain.status is not DomainStatus.ERROR
