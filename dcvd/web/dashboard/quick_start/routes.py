"""`/dashboard/quick-start`: from a token to a webhook that arrives, with the ids of this organization."""

from typing import Final

from litestar import get
from litestar.response import Template

from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.web.dashboard.navigation import DOMAINS, OVERVIEW, TOKENS, WEBHOOKS
from dcvd.web.dashboard.quick_start.calls import TOKEN_VARIABLE, Call, write_call
from dcvd.web.dashboard.quick_start.progress import Progress, read_progress
from dcvd.web.dashboard.visit import open_visit
from dcvd.web.pages.engine import TEXTS

_RECEIVER_URL: Final = "https://hooks.example.com/dcvd"


@get("/")
async def show_quick_start(request: ApiRequest) -> Template:
    """Show the steps, and which of them are done."""
    visit = await open_visit(request)
    progress = await read_progress(visit)
    base_url = request.context.config.server.public_url or str(request.base_url)
    return visit.show(
        "quick_start/quick_start",
        {
            "progress": progress,
            "url": base_url.rstrip("/"),
            "variable": TOKEN_VARIABLE,
            "calls": {name: write_call(base_url, call) for name, call in _list_calls(progress).items()},
            "receivers": {"python": _read_receiver("receiver.py"), "node": _read_receiver("receiver.mjs")},
            "may_see_domains": visit.may(DOMAINS),
            "may_see_webhooks": visit.may(WEBHOOKS),
            "may_see_tokens": visit.may(TOKENS),
        },
    )


def _list_calls(progress: Progress) -> dict[str, Call]:
    return {
        "token": Call(path="/api/whoami"),
        "domain": Call(path="/api/domains", body={"domainName": progress.example_name}),
        "record": Call(path=f"/api/domains/{progress.domain_id}"),
        "webhook": Call(path="/api/webhooks", body={"url": _RECEIVER_URL, "events": ["*"]}),
        "test": Call(path=f"/api/webhooks/{progress.endpoint_id}/test", body={}),
    }


def _read_receiver(name: str) -> str:
    """Return a receiver, which is that of docs/webhooks.md."""
    return TEXTS[f"dashboard/quick_start/{name}.txt"].rstrip("\n")


ROUTERS: Final = (Router("/quick-start", route_handlers=[show_quick_start], opt=OVERVIEW),)
