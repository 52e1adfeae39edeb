"""A browser that signs in: it keeps the cookie, and says of its requests what browsers say."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from html import escape, unescape
from urllib.parse import urlencode

from tests.served_app.client import Answer, Client

COOKIE = "__Host-dcvd_session"
ORIGIN = "https://dcv.example.net"
"""That of the `public_url` of these tests."""
SAME_ORIGIN: Mapping[str, str] = {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Browser:
    """Goes to pages with the session that it has, and with nothing else."""

    def __init__(self, client: Client) -> None:
        self._client = client.as_bearer(None)
        self.secret: str | None = None

    async def open(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        return await self._client.call(method, path, headers={**self.cookie_headers, **headers})

    def stream(self, path: str) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Open a stream of lines; leaving the block ends it."""
        return self._client.stream(path, self.cookie_headers)

    async def send(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] = SAME_ORIGIN) -> Answer:
        """Send a form as it is, without what a page would add to it."""
        return await self.send_pairs(path, list(fields.items()), headers)

    async def send_pairs(
        self, path: str, fields: Sequence[tuple[str, str]], headers: Mapping[str, str] = SAME_ORIGIN
    ) -> Answer:
        """Send a form of which several fields may have one name."""
        return await self._client.post(
            path, data=urlencode(fields).encode(), headers={**self.cookie_headers, **FORM, **headers}
        )

    async def sign_in(self, token: str, path: str = "/dashboard", **headers: str) -> Answer:
        answer = await self.send("/sign-in", {"token": token, "next": path}, {**SAME_ORIGIN, **headers})
        if answer.status == 303:
            self.secret = re.match(rf"{COOKIE}=(\w+);", answer.headers["Set-Cookie"])[1]  # type: ignore[index]
        return answer

    async def press(self, path: str, *, on: str = "/dashboard", **typed: str) -> Answer:
        """Press the button of a form that leads to a path, on a page of the dashboard, with what was typed there."""
        form = await self.find_form(path, on=on)
        return await self.send(path, {**form, **typed})

    async def find_form(self, path: str, *, on: str = "/dashboard") -> dict[str, str]:
        """The hidden fields of a form of a page."""
        page = (await self.open(on)).body.decode()
        form = re.search(rf'<form method="post" action="{re.escape(escape(path))}".*?</form>', page, re.DOTALL)
        assert form is not None, page
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0])
        return {name: unescape(value) for name, value in found}

    @property
    def cookie_headers(self) -> dict[str, str]:
        """What it sends of its cookies."""
        return {} if self.secret is None else {"Cookie": f"other=1; {COOKIE}={self.secret}"}


async def signed_in(client: Client) -> Browser:
    """A browser that is signed in with the token of a client."""
    assert client.token is not None
    browser = Browser(client)
    assert (await browser.sign_in(client.token)).status == 303
    return browser


def has_lost_rights(answer: Answer) -> bool:
    """Whether a page's request was ended because its caller lost their rights: they sign in, or are refused."""
    went_to = (answer.status, answer.headers.get("Location"))
    return answer.status == 403 or went_to == (303, "/sign-in?next=%2Fdashboard")
