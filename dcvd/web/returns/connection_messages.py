"""What a customer reads where an authorization ends."""

from typing import Final

from dcvd.core.connections.connection import Provider
from dcvd.errors import DcvdError
from dcvd.http.answers.provider_names import name_provider
from dcvd.web.pages.message import Message, build_message

_ERROR_SENTENCES: Final = {
    "access_denied": "You declined, so nothing was connected.",
    "invalid_state": "This link was used before, is too old, or belongs to something else. Start again from where you "
    "came from.",
    "invalid_callback": "This link is not complete. Start again from where you came from.",
    "insufficient_scope": "The permission to change DNS records was not given, so nothing was connected. Start again "
    "and allow it.",
    "quota_reached": "There are too many connections already. One that is not needed has to be removed first.",
}


def success_message(provider: Provider, organization: str) -> Message:
    """Return what is said of a success."""
    return build_message(
        "Connected",
        f"{organization} can now write DNS records for your domains at {name_provider(provider)}.",
        f"You can close this window. To take it back, ask {organization}, or remove its access at "
        f"{name_provider(provider)}.",
    )


def failure_message(provider: Provider, organization: str | None, error: DcvdError) -> Message:
    """Return what is said of a failure: what to do, and the code of the error, but no text of the provider's."""
    suffix = f" to {organization}" if organization else ""
    sentence = _ERROR_SENTENCES.get(
        error.code,
        "Something is wrong between the two, and you cannot change it. Try again later, or tell whoever sent you here "
        f"this code: {error.code}",
    )
    return build_message(
        "Not connected", f"{_capitalize(name_provider(provider))} was not connected{suffix}.", sentence
    )


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
