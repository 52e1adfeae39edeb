"""A tenant's own site, which shows the connect page in a frame, and notes what it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from playwright.async_api import Page

_POLICY = "default-src 'none'; script-src {dcvd} 'nonce-x'; frame-src {dcvd}; connect-src 'none'"
"""As strict as a site can be: connect.js needs no inline style and no eval."""
_HEAD = """<!doctype html><html lang="en"><title>Acme</title><h1>Acme</h1>
<script nonce="x">
window.told = []; window.raw = [];
for (const type of ["ready", "error"]) addEventListener(`dcvd:${type}`, (e) => told.push([type, e.detail]));
addEventListener("message", (e) => raw.push([e.origin, e.data]));
</script>
"""
_BODY = """<div id="place"></div>
<script src="{dcvd}/connect.js" data-link="{link}"{more}></script>
<p id="below">below</p></html>"""


class TenantsSite:
    """Serves one page. origin: its own. body: below its heading; more: attributes of the script there."""

    def __init__(self, dcvd: str) -> None:
        self._dcvd = dcvd
        self.origin = ""
        self.link = ""
        self.more = ""
        self.body = _BODY

    async def answer(self, request: web.Request) -> web.Response:
        if request.path != "/":
            return web.Response(status=204)
        body = self.body.format(dcvd=self._dcvd, link=self.link, more=self.more)
        text = _HEAD + body
        policy = _POLICY.format(dcvd=self._dcvd)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})


@asynccontextmanager
async def serving(dcvd: str) -> AsyncIterator[TenantsSite]:
    """At localhost, while dcvd is at 127.0.0.1: to a browser they are different sites."""
    site = TenantsSite(dcvd)
    runner = web.AppRunner(_build(site))
    await runner.setup()
    try:
        tcp = web.TCPSite(runner, "127.0.0.1", 0)
        await tcp.start()
        port = runner.addresses[0][1]
        site.origin = f"http://localhost:{port}"
        yield site
    finally:
        await runner.cleanup()


def _build(site: TenantsSite) -> web.Application:
    app = web.Application()
    app.router.add_get("/{rest:.*}", site.answer)
    return app


async def wait_until_told(page: Page, kind: str) -> dict[str, str]:
    """What the first event of this kind says."""
    await page.wait_for_function("(kind) => told.some(([type]) => type === kind)", arg=kind)
    found: dict[str, str] = await page.evaluate("(kind) => told.find(([type]) => type === kind)[1]", kind)
    return found
