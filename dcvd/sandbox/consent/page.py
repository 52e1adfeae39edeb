"""Build the pages that people see: plain HTML that loads nothing."""

from html import escape
from typing import Final

from aiohttp import web
from yarl import URL

from dcvd.sandbox.consent.requests import AuthorizationRequest

_SCOPE_MEANINGS: Final = {
    "zone.read": "see which zones the account has",
    "dns.read": "read their DNS records",
    "dns.write": "change their DNS records",
    "offline_access": "keep this access until you revoke it",
}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}}
button{{font:inherit;padding:.4rem 1.5rem;margin-right:1rem}}</style>
<h1>{title}</h1>
{content}
</html>
"""


def consent_page(page_id: str, request: AuthorizationRequest, customer: str) -> web.Response:
    """The page that asks to allow or deny a request; each scope can be left out."""
    items = "\n".join(
        f'<p><label><input type="checkbox" name="scope" value="{escape(scope)}" checked> '
        f"<b>{escape(scope)}</b>: {_SCOPE_MEANINGS[scope]}</label></p>"
        for scope in request.scopes
    )
    return _html_response(
        f"{customer}: let this application in?",
        f"""<p>You are at the sandbox's Cloudflare, signed in as {escape(customer)}. After your answer you are sent to
{escape(str(URL(request.redirect_uri).origin()))}.</p>
<form method="post" action="/oauth2/auth">
<input type="hidden" name="page" value="{escape(page_id)}">
{items}
<p><button name="answer" value="allow">Allow</button><button name="answer" value="deny">Deny</button></p>
</form>""",
    )


def refusal_page(message: str) -> web.Response:
    """The page for a refusal that cannot be sent back to the application."""
    return _html_response("This request cannot be used", f"<p>{escape(message)}</p>", status=400)


def _html_response(title: str, content: str, *, status: int = 200) -> web.Response:
    text = _PAGE.format(title=escape(title), content=content)
    return web.Response(text=text, content_type="text/html", status=status, headers=_HEADERS)
