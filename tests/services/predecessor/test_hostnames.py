"""The hostnames of a dump are found at Cloudflare with as few calls as that takes."""

import asyncio
from uuid import uuid4

from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.core.predecessor.rows import DomainRow
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.wire import CustomHostnamePage
from dcvd.errors import Retryable
from dcvd.metrics import Metrics
from dcvd.services.predecessor.hostnames import FoundHostnames, find_hostnames

ROW = DomainRow(id="d1", org_id="o1", domain_name="n07.customer.test", state="active")


async def find(cloudflare: CloudflareClient, *rows: DomainRow) -> FoundHostnames:
    return await find_hostnames(cloudflare, [(row.domain_name, row) for row in rows], retry_delays_s=())


async def test_a_few_of_many_are_asked_for_by_id_else_by_name(cloudflare: CloudflareClient) -> None:
    made = await asyncio.gather(*(cloudflare.create(f"n{number:02d}.customer.test") for number in range(60)))
    by_name = {each.hostname: each.id for each in made}
    for cf_id in (by_name["n07.customer.test"], by_name["n08.customer.test"], str(uuid4()), "../zones", None):
        found = await find(cloudflare, replace(ROW, cf_id=cf_id))
        assert found.by_name["n07.customer.test"].id == by_name["n07.customer.test"], cf_id


async def test_what_cloudflare_does_not_have_is_known_to_be_missing(cloudflare: CloudflareClient) -> None:
    found = await find(cloudflare, ROW)
    assert (found.by_name, found.is_known(ROW.domain_name), found.problem) == ({}, True, None)


class OutAfterFirstPage(CloudflareClient):
    """Cloudflare, which answers for the first page of its list alone."""

    async def list_page(self, number: int) -> CustomHostnamePage:
        if number > 1:
            raise Retryable("Cloudflare is out.", code="cloudflare_unavailable")
        return await super().list_page(number)


async def test_what_was_listed_before_cloudflare_stopped_answering_counts(
    cloudflare: CloudflareClient, live_config: Live[Config]
) -> None:
    made = await asyncio.gather(*(cloudflare.create(f"n{number:02d}.customer.test") for number in range(60)))
    out = OutAfterFirstPage(live_config, Metrics())
    await out.start()
    found = await find(out, *(replace(ROW, id=each.id, domain_name=each.hostname) for each in made))
    await out.close()
    assert (len(found.by_name), found.problem) == (50, "Cloudflare is out.")
    assert [found.is_known(each.hostname) for each in made] == [each.hostname in found.by_name for each in made]


async def test_nobody_is_asked_about_nothing(cloudflare: CloudflareClient) -> None:
    await cloudflare.close()
    assert await find(cloudflare) == FoundHostnames()
