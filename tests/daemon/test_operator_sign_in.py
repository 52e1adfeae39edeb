"""The link of `dcvd dashboard` and its session are in the database alone: a kill takes neither, and repeats neither."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from dcvd.sandbox import Sandbox
from tests.daemon.process import DaemonProcess, daemon_with

_BROWSER = {"Sec-Fetch-Site": "same-origin"}


async def follow(daemon: DaemonProcess, url: str) -> tuple[int, str]:
    """Press the button behind a link; returns the status, and the cookie, if there is one."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{daemon.url}{urlsplit(url).path}", headers=_BROWSER, allow_redirects=False) as answer,
    ):
        match = re.match(r"(dcvd_session=\w+);", answer.headers.get("Set-Cookie", ""))
        return answer.status, "" if match is None else match[1]


async def show(daemon: DaemonProcess, cookie: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{daemon.url}/dashboard/operator", headers={"Cookie": cookie}, allow_redirects=False) as answer,
    ):
        return answer.status


async def test_a_kill_takes_neither_a_link_nor_a_session_and_gives_none_back(tmp_path: Path, world: Sandbox) -> None:
    async with daemon_with(tmp_path, world, server='public_url = "http://localhost"') as daemon:
        used, left = [json.loads(await daemon.command("dashboard", "--json"))["signInLink"]["url"] for _ in range(2)]
        status, cookie = await follow(daemon, used)
        assert status == 303
        await daemon.kill()
        await daemon.start()
        assert await show(daemon, cookie) == 200
        assert (await follow(daemon, used))[0] == 404
        assert (await follow(daemon, left))[0] == 303
        assert (await daemon.command("session", "list")).count("ses_") == 2
        assert "2" in await daemon.command("session", "end", "--all")
        assert await show(daemon, cookie) == 303
