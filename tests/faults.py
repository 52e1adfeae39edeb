"""Faults of the sandbox, set as its users set them: over its control API."""

from typing import Any

import aiohttp

from dcvd.sandbox import Sandbox


async def fault(sandbox: Sandbox, **members: Any) -> None:
    """Have the sandbox fail from now on."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.control_url}/faults", json=members) as response,
    ):
        assert response.status < 300, await response.text()


async def heal(sandbox: Sandbox) -> None:
    """End every fault."""
    async with aiohttp.ClientSession() as session, session.delete(f"{sandbox.control_url}/faults") as response:
        assert response.status < 300, await response.text()


async def state(sandbox: Sandbox) -> dict[str, Any]:
    """Everything that the sandbox holds."""
    async with aiohttp.ClientSession() as session, session.get(f"{sandbox.control_url}/state") as response:
        found: dict[str, Any] = await response.json()
        return found


async def set_plan(sandbox: Sandbox, **members: Any) -> None:
    """Give the operator's zone a `plan`, and at most `hardCap` custom hostnames."""
    async with (
        aiohttp.ClientSession() as session,
        session.put(f"{sandbox.control_url}/plan", json=members) as response,
    ):
        assert response.status == 200, await response.text()


async def force_edge(sandbox: Sandbox, hostname: str, edge_state: str) -> None:
    """Have the edge answer so for a name."""
    async with (
        aiohttp.ClientSession() as session,
        session.put(f"{sandbox.control_url}/edge/{hostname}", json={"state": edge_state}) as response,
    ):
        assert response.status == 200, await response.text()


async def release_edge(sandbox: Sandbox, hostname: str) -> None:
    """Have it answer as Cloudflare's statuses have it."""
    async with (
        aiohttp.ClientSession() as session,
        session.delete(f"{sandbox.control_url}/edge/{hostname}") as response,
    ):
        assert response.status == 204, await response.text()
