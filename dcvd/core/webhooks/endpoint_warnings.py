"""What is allowed for an endpoint, and yet likely to surprise its tenant."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from dcvd.core.sentences.sentence import Sentence, quote, say
from dcvd.core.webhooks.endpoint import Endpoint


class EndpointWarningCode(StrEnum):
    """What a warning is about. Codes are never renamed."""

    HEADER_WITH_UNDERSCORE = "header_with_underscore"


class EndpointWarning(Struct, frozen=True):
    """A warning: a stable code, the member that it is about, and a sentence that says what to do."""

    code: EndpointWarningCode
    field: str
    sentence: Sentence


def find_warnings(endpoint: Endpoint) -> list[EndpointWarning]:
    """Return what a tenant should know about an endpoint as it is now."""
    return [*_find_underscores(endpoint.header_names)]


def _find_underscores(header_names: Iterable[str]) -> Iterable[EndpointWarning]:
    for name in header_names:
        if "_" in name:
            # nginx: `underscores_in_headers off` is the default; WSGI and CGI cannot tell `_` and `-` apart.
            sentence = say("endpoint_header_with_underscore", name=quote(name), better=quote(name.replace("_", "-")))
            yield EndpointWarning(EndpointWarningCode.HEADER_WITH_UNDERSCORE, f"headers.{name}", sentence)
