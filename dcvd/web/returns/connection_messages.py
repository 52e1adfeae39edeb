"""What a customer reads where an authorization ends."""

from typing import Final

from dcvd.core.connections.connection import Provider
from dcvd.core.sentences.sentence import say
from dcvd.errors import DcvdError
from dcvd.http.answers.provider_names import name_provider
from dcvd.web.pages.message import Message, build_message

_ERROR_SENTENCES: Final = {
    "access_denied": "message_declined",
    "invalid_state": "message_link_used",
    "invalid_callback": "message_link_incomplete",
    "insufficient_scope": "message_scope",
    "quota_reached": "message_quota",
}


def success_message(provider: Provider, organization: str) -> Message:
    """Return what is said of a success."""
    name = name_provider(provider)
    return build_message(
        "message_connected",
        say("message_may_write", organization=organization, provider=name),
        say("message_take_back", organization=organization, provider=name),
    )


def failure_message(provider: Provider, organization: str | None, error: DcvdError) -> Message:
    """Return what is said of a failure: what to do, and the code of the error, but no text of the provider's."""
    name = name_provider(provider)
    first_word = name if isinstance(name, str) else say("message_your_provider")
    return build_message(
        "message_not_connected",
        say("message_not_connected_to", provider=first_word, organization=organization)
        if organization
        else say("message_not_connected_provider", provider=first_word),
        say(_ERROR_SENTENCES.get(error.code, "message_failed"), code=error.code),
    )
