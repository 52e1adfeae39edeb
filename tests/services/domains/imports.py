"""Imports from a sandbox whose zone has hostnames that somebody made without dcvd."""

from collections.abc import Mapping
from typing import Any

import aiohttp

from dcvd.core.domains.adoption import HostnameSelection
from dcvd.core.domains.domain import Domain
from dcvd.core.instants import HOUR
from dcvd.services.domains.adoptions import Adoption
from dcvd.services.domains.cloudflare_import import HostnameImporter, ImportRequest
from tests.jobs.ward import NAME, Ward

ALL = HostnameSelection()


class Theirs:
    """Hostnames that somebody made at Cloudflare without dcvd."""

    def __init__(self, ward: Ward) -> None:
        self._ward = ward

    async def call(self, method: str, path: str = "", body: object = None) -> Any:
        config = self._ward.context.config.cloudflare
        url = f"{config.base_url}/zones/{config.zone_id}/custom_hostnames{path}"
        headers = {"Authorization": f"Bearer {config.api_token.reveal()}"}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, json=body, headers=headers, raise_for_status=True) as response,
        ):
            return (await response.json())["result"]

    async def make(self, name: str = NAME, *, is_pointed: bool = True, **members: Any) -> str:
        """A hostname that serves, where its record is right; its id."""
        if is_pointed:
            self._ward.sandbox.set_dns(name, "CNAME", ["edge.sandbox.test."])
        body = {"hostname": name, "ssl": {"method": "http", "type": "dv"}, **members}
        made = await self.call("POST", body=body)
        self._ward.sandbox.world.clock.advance(HOUR)
        return str(made["id"])

    async def show(self, cf_id: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = await self.call("GET", f"/{cf_id}")
        return found


async def run(ward: Ward, selection: HostnameSelection = ALL, **more: Any) -> dict[str, Adoption]:
    importer = HostnameImporter(ward.cloudflare)
    call = ImportRequest(org_id=ward.org, actor="operator", selection=selection, **more)
    found = [each async for step in importer.run(ward.context, call) for each in step.adoptions]
    return {each.hostname.hostname: each for each in found}


async def adopted(ward: Ward, name: str = NAME) -> Domain:
    """The one domain that an import makes of the one hostname."""
    result = (await run(ward))[name]
    assert (result.outcome, result.error) == ("adopted", None)
    assert result.domain is not None
    return await ward.domain(result.domain.id)


def refusal(adoption: Adoption) -> str:
    assert (adoption.outcome, adoption.domain) == ("refused", None)
    assert adoption.error is not None
    return adoption.error.code
