"""The pages on which an authorization ends for a customer. They load nothing from anywhere else."""

from html import escape
from typing import Final, assert_never

from dcvd.core.connections.connection import Provider
from dcvd.errors import DcvdError

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
}
"""The headers of these answers beside those of every answer, which see to it that the code in the URL is not passed on.
"""

_ERROR_SENTENCES: Final = {
    "access_denied": "You declined, so nothing was connected.",
    "invalid_state": "This link was used before, is too old, or belongs to something else. Start again from where you "
    "came from.",
    "invalid_callback": "This link is not complete. Start again from where you came from.",
    "insufficient_scope": "The permission to change DNS records was not given, so nothing was connected. Start again "
    "and allow it.",
    "quota_reached": "There are too many connections already. One that is not needed has to be removed first.",
}
_STYLE: Final = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#222;"
    "background:#fff}h1{font-size:1.4rem}code{font-size:.9em}"
)


def success_page(provider: Provider, organization: str) -> str:
    """Build the page of a success."""
    return html_page(
        "Connected",
        f"{organization} can now write DNS records for your domains at {_name_provider(provider)}.",
        f"You can close this window. To take it back, ask {organization}, or remove its access at "
        f"{_name_provider(provider)}.",
    )


def failure_page(provider: Provider, organization: str | None, error: DcvdError) -> str:
    """Build the page of a failure: what to do, and the code of the error, but no text of the provider's."""
    suffix = f" to {organization}" if organization else ""
    sentence = _ERROR_SENTENCES.get(
        error.code,
        "Something is wrong between the two, and you cannot change it. Try again later, or tell whoever sent you here "
        f"this code: {error.code}",
    )
    return html_page("Not connected", f"{_capitalize(_name_provider(provider))} was not connected{suffix}.", sentence)


def html_page(title: str, *paragraphs: str) -> str:
    """Build an HTML page of plain text."""
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{text}</main></body></html>"
    )


def _name_provider(provider: Provider) -> str:
    match provider:
        case Provider.CLOUDFLARE:
            return "Cloudflare"
        case Provider.GODADDY:
            return "GoDaddy"
        case Provider.ROUTE53:
            return "Amazon Route 53"
        case Provider.OTHER:
            return "your DNS provider"
        case _:
            assert_never(provider)


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
