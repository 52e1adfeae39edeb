"""Calls with a customer's token."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tests.sandbox.conftest import Answer, Caller


class Customer:
    """Calls of the Cloudflare API with one token, about one zone."""

    def __init__(self, caller: Caller, zone_id: str, token: str) -> None:
        self.caller = caller
        self.zone = f"/zones/{zone_id}"
        self.zone_id = zone_id
        self.token = token

    async def call(self, method: str, path: str, body: object = None) -> Answer:
        data = None if body is None else msgspec.json.encode(body)
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.caller.raw(method, self.caller.sandbox.api_url + path, headers=headers, data=data)

    async def records(self, method: str = "GET", rest: str = "", body: object = None) -> Answer:
        return await self.call(method, f"{self.zone}/dns_records{rest}", body)

    async def add(self, kind: str, name: str, content: str, **members: object) -> Any:
        body = {"type": kind, "name": name, "content": content, **members}
        answer = await self.records("POST", body=body)
        assert answer.status == 200, answer.raw
        return answer.result


async def customer(
    caller: Caller, zone: str = "customer.test", permissions: Sequence[str] = ("zone.read", "dns.write")
) -> Customer:
    """A new token for a zone that there is."""
    body = {"zones": [zone], "permissions": list(permissions)}
    issued = (await caller.control("POST", "/tokens", body)).body
    return Customer(caller, caller.sandbox.world.customers.get_by_name(zone).id, issued["token"])
