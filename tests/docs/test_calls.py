"""Every call that a page writes out, but for those of docs/api.md, is accepted as it is written there."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.process import DaemonProcess, write_config
from tests.docs.markdown import pages

pytestmark = [
    pytest.mark.sweep,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        any(shutil.which(program) is None for program in ("bash", "curl", "jq", "openssl")),
        reason="the calls of the pages need bash, curl, jq and openssl, and one of them is not installed",
    ),
]
_IS_CALL: Final = re.compile(r"(?m)(^|\s|;)(api|curl) .*(\$DCVD|http|/run/)")
_BODY: Final = re.compile(r"`(POST) (/api/[^`{]+)` with `(\{[^`]+\})`")
_FIRST_LINES: Final = """set -euo pipefail
curl() { command curl --fail-with-body --silent --show-error "$@"; }
api() { curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }
openssl req -quiet -x509 -newkey rsa:2048 -nodes -keyout client.key -out client.pem -subj /CN=client 2>/dev/null ||
  openssl req -x509 -newkey rsa:2048 -nodes -keyout client.key -out client.pem -subj /CN=client 2>/dev/null
# Each block has a receiver of its own: what is in flight to one that does not answer would keep tests from it.
URL="https://hooks$$.example.com/first"
ENDPOINT=$(api "$DCVD/api/webhooks" -d "{\\"url\\":\\"$URL\\",\\"events\\":[\\"*\\"]}" | jq -r .webhook.id)
DOMAIN_ID=$(api "$DCVD/api/domains" -d "{\\"domainName\\":\\"d$$.customer.test\\"}" | jq -r .domain.id)
"""


def calls() -> list[tuple[str, str]]:
    """Each block with a call, and where it stands."""
    found = []
    for page in pages():
        if page.name == "docs/api.md":
            continue
        found += [
            (f"{page.name}:{block.line}", block.text)
            for block in page.blocks
            if block.language == "sh" and _IS_CALL.search(block.text)
        ]
        for number, line in page.lines.items():
            found += [
                (f"{page.name}:{number}", f"api -X {method} \"$DCVD{path}\" -d '{body}'")
                for method, path, body in _BODY.findall(line)
            ]
    return found


@pytest.fixture
async def daemon(quick_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[DaemonProcess]:
    """A daemon that could send mails."""
    mail = '[mail]\nhost = "127.0.0.1"\nport = 9\ntls = "none"\nfrom_address = "dcvd@example.net"\n'
    config = write_config(
        tmp_path,
        api=quick_sandbox.api_url,
        dns=quick_sandbox.dns_address,
        server='public_url = "https://dcv.example.net"',
        extra=mail,
    )
    process = DaemonProcess(config)
    await process.start()
    yield process
    await process.kill()


async def test_every_call_is_accepted(daemon: DaemonProcess, quick_sandbox: Sandbox, tmp_path: Path) -> None:
    found = calls()
    assert len(found) >= 10
    await daemon.command("org", "create", "Acme")
    token = await daemon.command("token", "create", "--org", "Acme", "--name", "test", "--quiet")
    failed = []
    for place, text in found:
        if "systemctl" in text:
            continue
        done = await _run(_adapt(text, daemon, quick_sandbox), tmp_path, TOKEN=token, DCVD=daemon.url)
        if done:
            failed.append(f"{place}: {done}")
    assert failed == []


def _adapt(text: str, daemon: DaemonProcess, sandbox: Sandbox) -> str:
    """The text with the addresses of this daemon and this sandbox, and without what makes another token."""
    for written, meant in (
        ("http://127.0.0.1:8080", daemon.url),
        ("https://dcv.example.net", daemon.url),
        ("http://127.0.0.1:8787", sandbox.api_url.removesuffix("/client/v4")),
        ("/run/dcvd.sock", str(daemon.directory / "dcvd.sock")),
        ("wh_…", "$ENDPOINT"),
    ):
        text = text.replace(written, meant)
    lines = text.splitlines()
    return "\n".join(line for line in lines if not re.match(r"export |TOKEN=|api\(\)|\S*dcvd org", line))


async def _run(text: str, directory: Path, **environ: str) -> str:
    """What went wrong, if anything did."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", _FIRST_LINES + text, cwd=directory, env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    return "" if process.returncode == 0 else f"{output.decode()[-500:]} {errors.decode()[-500:]}"
