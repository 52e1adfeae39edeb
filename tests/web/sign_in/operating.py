"""Operators who sign in with a browser, by the link that they get at the socket."""

import os
import re
from typing import Final

from dcvd.api.app import Api
from dcvd.config import Live
from dcvd.core.operators import OperatorRights, ProcessOwners
from tests.served_app.client import Answer, Client
from tests.web.sign_in.browser import COOKIE, ORIGIN, Browser

HOME: Final = "/dashboard/operator"
ME: Final = os.getuid()


async def get_link(operator: Client) -> str:
    """The path of a new link."""
    answer = await operator.post("/operator/sign-in-links")
    assert answer.status == 201, answer.body
    url: str = answer.json["signInLink"]["url"]
    assert url.startswith(f"{ORIGIN}/sign-in/operator/dcv_signin_")
    return url.removeprefix(ORIGIN)


async def follow(browser: Browser, path: str) -> Answer:
    """Press the button of the page of a link."""
    answer = await browser.send(path, {})
    if answer.status == 303:
        browser.secret = re.match(rf"{COOKIE}=(\w+);", answer.headers["Set-Cookie"])[1]  # type: ignore[index]
    return answer


async def signed_in_operator(operator: Client, anybody: Client) -> Browser:
    """A browser that is signed in as the operator at the socket."""
    browser = Browser(anybody)
    assert (await follow(browser, await get_link(operator))).status == 303
    return browser


async def find_csrf_token(browser: Browser) -> str:
    """What the pages of the browser's session send with each write."""
    page = (await browser.open(HOME)).body.decode()
    match = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert match is not None, page
    return match[1]


def set_rights(app: Api, *, operators: frozenset[int] = frozenset(), observers: frozenset[int] = frozenset()) -> None:
    """Have these users be operators and observers, and nobody else."""
    assert isinstance(app.services.operators, Live)
    app.services.operators.value = OperatorRights(
        operators=ProcessOwners(uids=operators), observers=ProcessOwners(uids=observers)
    )
