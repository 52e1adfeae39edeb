"""A list in which Cloudflare names a hostname twice makes one domain."""

from collections.abc import Sequence
from typing import Any

import pytest

from dcvd.core.domains.observations import CloudflareHostname
from dcvd.custom_hostnames.wire import CustomHostnamePage
from dcvd.services.context import Context
from dcvd.services.domains.cloudflare_import import HostnameImporter, ImportRequest

NAME = "app.customer.test"


class Zone:
    """A Cloudflare whose list says what a test gives it."""

    def __init__(self, pages: Sequence[Sequence[CloudflareHostname]]) -> None:
        self._pages = pages

    async def list_page(self, number: int) -> CustomHostnamePage:
        return CustomHostnamePage(list(self._pages[number - 1]), len(self._pages))

    async def find(self, hostname: str) -> CloudflareHostname | None:
        raise AssertionError("nobody asks for a name")


def hostname(cf_id: str) -> CloudflareHostname:
    return CloudflareHostname(id=cf_id, hostname=NAME, status="active", ssl_status="active", method="http")


@pytest.mark.parametrize(
    ("pages", "first", "second"),
    [
        ([["1", "1"]], ["adopted"], ["exists"]),
        ([["1"], ["1"]], ["adopted"], ["exists"]),
        ([["1", "2"]], ["adopted", "hostname_listed_twice"], ["exists", "exists"]),
        ([["1"], ["2"]], ["adopted", "exists"], ["exists", "exists"]),
    ],
)
async def test_it_is_adopted_once(
    sandbox_context: Context, org: str, pages: list[list[str]], first: list[str], second: list[str]
) -> None:
    zone: Any = Zone([[hostname(cf_id) for cf_id in page] for page in pages])
    for expected in (first, second):
        steps = HostnameImporter(zone).run(sandbox_context, ImportRequest(org_id=org, actor="operator"))
        found = [each async for step in steps for each in step.adoptions]
        assert [each.outcome if each.error is None else each.error.code for each in found] == expected
