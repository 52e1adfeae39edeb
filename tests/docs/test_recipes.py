"""The commands of docs/api.md, run in their order by a shell, against a daemon and the sandbox."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.process import DaemonProcess, write_config
from tests.docs.markdown import ROOT, pages, read_page

API = ROOT / "docs" / "api.md"
_CALL = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`\s?]*)[^`]*`")

_PICKED = re.compile(r"""\$DCVD(/[^"?]+)[^"]*".*\| jq '((?:\.\w+(?:\[\])?)+) \| \{([\w, ]+)\}'""")
"""A call, and the members that a recipe picks from its answer: `… | jq '.jobs[] | {kind, state}'`."""

pytestmark = [pytest.mark.sweep, pytest.mark.timeout(300)]


@pytest.fixture
async def daemon(quick_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[DaemonProcess]:
    """A daemon with a key for connections, which finds customers' zones in the sandbox."""
    (tmp_path / "key").write_text("ab" * 32)
    (tmp_path / "key").chmod(0o600)
    settings = quick_sandbox.settings
    (tmp_path / "client-secret").write_text(settings.oauth_client_secret)
    (tmp_path / "client-secret").chmod(0o600)
    extra = f"""
[vault]
key_file = "key"
[oauth.cloudflare]
client_id = "{settings.oauth_client_id}"
client_secret_file = "client-secret"
redirect_uris = ["{settings.oauth_redirect_uris[0]}"]
authorize_url = "{quick_sandbox.oauth_url}/auth"
token_url = "{quick_sandbox.oauth_url}/token"
revoke_url = "{quick_sandbox.oauth_url}/revoke"
[providers.cloudflare]
api_base_url = "{quick_sandbox.api_url}"
"""
    config = write_config(tmp_path, api=quick_sandbox.api_url, dns=quick_sandbox.dns_address, extra=extra)
    process = DaemonProcess(config)
    await process.start()
    yield process
    await process.kill()


@pytest.mark.skipif(
    any(shutil.which(program) is None for program in ("bash", "curl", "jq")),
    reason="the commands of docs/api.md need bash, curl and jq, and one of them is not installed",
)
async def test_the_commands_of_the_page_work_in_their_order(
    daemon: DaemonProcess, quick_sandbox: Sandbox, tmp_path: Path
) -> None:
    blocks = [block for block in read_page(API).blocks if block.language == "sh"]
    assert len(blocks) > 10
    script = ['set -euo pipefail; dcvd() { "$PYTHON" -m dcvd "$@"; }']
    for block in blocks:
        script += [f"echo '## line {block.line}' >&2", block.text]
    environ = {
        **os.environ,
        "PYTHON": sys.executable,
        "DCVD": daemon.url,
        "DCVD_CONFIG": str(daemon.config),
        "SANDBOX": quick_sandbox.api_url.removesuffix("/client/v4"),
    }
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        "\n".join(script),
        cwd=tmp_path,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(240):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{output.decode()[-2000:]}\n{errors.decode()}"
    text = output.decode()
    assert '"status": "active"' in text
    assert "unknown_field" in text
    assert '"event": "domain.active"' in text


async def test_every_call_that_a_page_names_is_one_of_the_api(daemon: DaemonProcess) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/schema/openapi.json") as answer:
        schema: dict[str, Any] = await answer.json(content_type=None)
    known = {
        (method.upper(), re.sub(r"\{[^}]+\}", "{}", path))
        for path, operations in schema["paths"].items()
        for method in operations
    }
    named = {
        (method, re.sub(r"\{[^}]+\}", "{}", path), page.name)
        for page in pages()
        for line in page.lines.values()
        for method, path in _CALL.findall(line)
    }
    outside = {"/metrics", "/schema", "/hooks/cloudflare"}
    missing = {call for call in named if call[:2] not in known and call[1] not in outside}
    of_operators = {call for call in missing if call[1].startswith("/operator/")}
    assert missing - of_operators == set()
    assert len(named) > 20
    # Those of operators are not in the published document: the daemon says over its socket what a path takes.
    connector = aiohttp.UnixConnector(str(daemon.directory / "dcvd.sock"))
    async with aiohttp.ClientSession("http://dcvd", connector=connector) as operator:
        for method, path, page_name in of_operators:
            async with operator.options(path.replace("{}", "x")) as answer:
                assert method in answer.headers.get("Allow", "").split(", "), (method, path, page_name)
    assert of_operators


async def test_every_member_that_a_recipe_picks_is_one_that_the_call_answers_with(daemon: DaemonProcess) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/schema/openapi.json") as answer:
        schema: dict[str, Any] = await answer.json(content_type=None)
    commands = "\n".join(block.text for block in read_page(API).blocks if block.language == "sh")
    picked = _PICKED.findall(commands)
    assert len(picked) > 3
    for path, members, names in picked:
        missing = set(names.split(", ")) - _read_members(schema, re.sub(r"\$\w+", "{}", path), members)
        assert missing == set(), f"{path} answers without them in {members}"


def _read_members(schema: dict[str, Any], path: str, members: str) -> set[str]:
    """Return the members of the object to which a path of jq, such as `.jobs[]`, leads in the answer of a call."""
    operations = next(each for known, each in schema["paths"].items() if re.sub(r"\{[^}]+\}", "{}", known) == path)
    method = "post" if path == "/api/diagnose" else "get"
    part: dict[str, Any] = operations[method]["responses"]["200"]["content"]["application/json"]["schema"]
    for step in ["", *re.findall(r"\w+|\[\]", members)]:
        if step == "[]":
            part = part["items"]
        elif step:
            part = part["properties"][step]
        while "$ref" in part:
            part = schema["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    return set(part["properties"])
