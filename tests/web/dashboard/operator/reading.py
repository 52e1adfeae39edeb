"""Reading pages as people do, and what it takes that there is something to read."""

import re
from html import unescape

from dcvd.services.context import Context
from tests.served_app.client import Answer
from tests.web.sign_in.browser import Browser

ROOT = "/dashboard/operator"


async def read(browser: Browser, place: str = "", *, status: int = 200) -> str:
    """The text of a page below the operator's root, without its markup."""
    return text_of(await browser.open(f"{ROOT}{place}"), status=status)


def text_of(answer: Answer, *, status: int = 200) -> str:
    page = answer.body.decode()
    assert answer.status == status, page
    main = re.search(r"<main.*</main>", page, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page if main is None else main[0])).split())


async def links_of(browser: Browser, place: str) -> list[str]:
    """Where the links of a page lead to."""
    page = (await browser.open(f"{ROOT}{place}")).body.decode()
    return [unescape(each) for each in re.findall(r'<a [^>]*href="([^"]*)"', page)]


async def press(browser: Browser, action: str, *, on: str, **typed: str) -> Answer:
    """Press a button on a page, both below the operator's root."""
    return await browser.press(f"{ROOT}{action}", on=f"{ROOT}{on}", **typed)


async def let_fail(context: Context, webhook_id: str) -> None:
    """Have an endpoint be one that fails, as it is after some minutes of failures."""
    change = "UPDATE webhook_endpoints SET health = 'failing', failing_since = 1, last_error = 'refused' WHERE id = ?"
    await context.database.write(lambda tx: tx.execute(change, (webhook_id,)))
