"""Answers to reads that are sent again, as long as the same caller would be told the same.

Nearly all that an API is asked are the same few things, again and again, and most of the time of such a request goes
into finding its route, its caller's rights and what is wrong with it. All that depends on the request, on these rights,
and on what was read: an answer is sent again where none of them has changed.
"""

import weakref
from typing import Final, NamedTuple

from litestar.types import HTTPScope
from msgspec.structs import replace

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.tokens.token import hash_token
from dcvd.errors import DcvdError
from dcvd.http.access.acting_operators import is_acting_operator
from dcvd.http.access.authentication import admit_reader_at_once, read_bearer_token, read_client_address
from dcvd.http.answers.json_bytes import OFFERED_ANSWER, OfferedAnswer
from dcvd.http.app_services import AppServices
from dcvd.http.limits.open_requests import OPEN_REQUEST, OpenRequest
from dcvd.http.request import SENT_METHOD
from dcvd.kit.limits.sized_entries import SizedEntries
from dcvd.services.tokens.authentication import FoundCaller

_MAX_BYTES: Final = 16 * 1024 * 1024
_OVERHEAD_BYTES: Final = 1_024
"""What an answer takes beside its body, or less."""
_MAX_ADDRESS_CHARS: Final = 1_024
_WITHOUT_EFFECT: Final = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"authorization",
        b"cdn-loop",
        b"cf-connecting-ip",
        b"cf-ipcountry",
        b"cf-ray",
        b"cf-visitor",
        b"connection",
        b"forwarded",
        b"host",
        b"user-agent",
        b"via",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        b"x-real-ip",
    }
)
"""Headers of requests that no route reads which offers answers, or that have had their effect before a route is found.

A request with any other one goes the whole way."""


class _Key(NamedTuple):
    path: str
    query: bytes
    token_hash: str


class _KeptAnswer(NamedTuple):
    found_caller: weakref.ref[FoundCaller]
    """To whom it was given; they have their own place, and bound, where callers are kept."""
    path_template: str
    offered: OfferedAnswer


class KeptAnswers:
    """Keeps the latest answers that handlers have offered, each for the bearer of the token to whom it was given."""

    def __init__(self, services: AppServices) -> None:
        self._services = services
        self._answers = SizedEntries[_Key, _KeptAnswer](
            _MAX_BYTES, lambda kept: len(kept.offered.body) + _OVERHEAD_BYTES
        )

    def find(self, scope: HTTPScope) -> OfferedAnswer | None:
        """Find the answer to a request, and admit its caller as the route would; None where the route has to be asked.

        Nothing has happened then.
        """
        key = _read_key(scope)
        kept = None if key is None else self._answers.get(key)
        if key is None or kept is None:
            return None
        callers, request = self._services.callers, _get_open_request(scope)
        found = callers.find_kept(key.token_hash)
        if found is None or found is not kept.found_caller() or not kept.offered.is_current():
            self._answers.discard(key)
            return None
        try:
            caller = callers.admit_kept(found, read_client_address(scope), request.request_id)
        except DcvdError:
            return None
        if not request.admit(caller, self._services.context.now()):
            return None
        if not admit_reader_at_once(scope, self._services, caller):
            return None
        scope["path_template"] = kept.path_template
        return kept.offered

    def keep(self, scope: HTTPScope) -> None:
        """Keep the answer that was given to a request, if its handler has offered it."""
        offered: OfferedAnswer | None = scope["state"].get(OFFERED_ANSWER)
        if offered is None:
            return
        key = _read_key(scope)
        found = None if key is None else self._services.callers.find_kept(key.token_hash)
        # Another request may have found them anew since this one was authorized.
        if key is not None and found is not None and _is_same(scope["auth"], found.caller):
            self._answers.set(key, _KeptAnswer(weakref.ref(found), scope["path_template"], offered))


def _is_same(caller: Caller, found: Caller) -> bool:
    return caller.kind is CallerKind.TOKEN and caller == replace(
        found, request_id=caller.request_id, address=caller.address
    )


def _get_open_request(scope: HTTPScope) -> OpenRequest:
    request: OpenRequest = scope["state"][OPEN_REQUEST]
    return request


def _read_key(scope: HTTPScope) -> _Key | None:
    """Return what an answer depends on beside what is stored; None where a request has more than that."""
    path, query, headers = scope["path"], scope["query_string"], scope["headers"]
    if (
        scope["state"][SENT_METHOD] != "GET"
        or not all(name in _WITHOUT_EFFECT for name, _ in headers)
        or len(path) + len(query) > _MAX_ADDRESS_CHARS
        or is_acting_operator(scope)
    ):
        return None
    try:
        return _Key(path, query, hash_token(read_bearer_token(headers)))
    except DcvdError:
        return None
