"""oidc-provider, a server that we did not write, as a process; and a browser that goes through its pages."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urljoin

import aiohttp
import msgspec

from tests.oauth.servers import oidc_command, registered

_MAX_STEPS: Final = 12


@contextmanager
def running(clients: Sequence[Mapping[str, Any]] | None = None) -> Iterator[str]:
    """Its issuer. clients: that it knows; None for ours of `servers`."""
    command = [*oidc_command(), msgspec.json.encode(registered() if clients is None else clients).decode()]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        issuer = process.stdout.readline().strip()
        assert issuer, "oidc-provider did not start"
        yield issuer
        process.kill()


class Oidc:
    """A `Server`."""

    def __init__(self, issuer: str, login: str = "alice") -> None:
        self.issuer = issuer
        self.login = login

    async def answer(self, url: str, *, consent: bool = True) -> str:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            form: dict[str, str] | None = None
            for _ in range(_MAX_STEPS):
                async with browser.request(
                    "GET" if form is None else "POST", url, data=form, allow_redirects=False
                ) as page:
                    text = await page.text()
                    assert page.status in (200, 303), text
                    location = page.headers.get("Location")
                if location is not None:
                    url, form = urljoin(url, location), None
                    if not url.startswith(self.issuer):
                        return url
                elif not consent:
                    url = f"{url}/abort"
                elif 'value="login"' in text:
                    form = {"prompt": "login", "login": self.login, "password": "x"}
                else:
                    form = {"prompt": "consent"}
        raise AssertionError("the pages of oidc-provider lead nowhere")
