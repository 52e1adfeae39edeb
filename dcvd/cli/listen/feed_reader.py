"""Reads an organization's feed of events over HTTP, as any tenant can."""

import os
import ssl
import time
from typing import Final

import aiohttp
import msgspec
from msgspec import Raw, Struct

from dcvd.cli.listen.settings import ListenSettings, Start
from dcvd.core.http.retry_after import parse_retry_after_ms
from dcvd.errors import DcvdError
from dcvd.http.answers.problem_view import Problem

_PATH: Final = "/api/events"
_PAGE_SIZE: Final = 250
WAIT_S: Final = 30
_GRACE_S: Final = 15  # for the answer to come after a wait
_MAX_RETRY_AFTER_MS: Final = 10 * 60 * 1000
_TOO_MANY_REQUESTS: Final = 429


class FeedUnavailable(DcvdError):
    """The feed gave no answer, or none that says what is wrong for good: asking again may help.

    was_answered: something answers at the URL, and says that it cannot now.
    """

    code = "feed_unavailable"

    def __init__(self, message: str, *, retry_after_ms: int = 0, was_answered: bool = False) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms
        self.was_answered = was_answered


class FeedEvent(Struct, frozen=True):
    """An event, and the very bytes that a webhook carries."""

    body: bytes
    type: str
    id: str
    sequence: int
    domain_name: str | None


class FeedPage(Struct, frozen=True):
    """Events in order, and where to read on."""

    events: list[FeedEvent]
    next: Start


class _EventData(Struct, frozen=True):
    domain_name: str | None = None


class _EventBody(Struct, frozen=True):
    event: str
    id: str
    sequence: int
    data: _EventData


class _EventList(Struct, frozen=True, rename="camel"):
    events: list[Raw]
    next_cursor: str


class FeedReader:
    """Calls `GET /api/events` of one daemon with one token."""

    def __init__(self, session: aiohttp.ClientSession, settings: ListenSettings) -> None:
        self._session = session
        self._url = settings.url.rstrip("/")
        self._token = settings.token
        self._types = ",".join(settings.event_types)

    async def read(self, start: Start, *, wait_s: int) -> FeedPage:
        """Read the events from there on, and wait so long for the first of them.

        Raises FeedUnavailable where asking again may help, and DcvdError where it does not.
        """
        query = {"limit": str(_PAGE_SIZE)}
        query |= {"last": str(start.last)} if start.after is None else {"after": str(start.after)}
        if self._types:
            query["types"] = self._types
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Prefer": f"wait={wait_s}"}
        try:
            async with self._session.get(
                self._url + _PATH,
                params=query,
                headers=headers,
                allow_redirects=False,  # the token goes to the host that was named, and to no other
                timeout=aiohttp.ClientTimeout(total=wait_s + _GRACE_S),
            ) as response:
                content = await response.read()
        except TimeoutError as error:
            raise FeedUnavailable(f"{self._url} did not answer in time.") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise FeedUnavailable(
                f"{self._url} has a certificate that is not valid ({error.certificate_error})."
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise FeedUnavailable(f"{self._url} cannot be reached ({describe(error.os_error)}).") from error
        except (aiohttp.ClientError, OSError) as error:
            raise FeedUnavailable(f"{self._url} broke off its answer ({type(error).__name__}).") from error
        if response.status != 200:
            raise self._to_error(response, content)
        try:
            return _decode_page(content)
        except (msgspec.DecodeError, ValueError) as error:
            raise FeedUnavailable(f"{self._url} gave an answer that is none of dcvd's: is the URL right?") from error

    def _to_error(self, response: aiohttp.ClientResponse, content: bytes) -> DcvdError:
        status = response.status
        problem = _read_problem(content)
        if status == _TOO_MANY_REQUESTS or status >= 500:
            detail = "." if problem is None else f": {problem.detail}"
            retry_after_ms = parse_retry_after_ms(
                response.headers.get("Retry-After"), time.time_ns() // 1_000_000, max_ms=_MAX_RETRY_AFTER_MS
            )
            message = f"{self._url} answered {status}{detail}"
            return FeedUnavailable(message, retry_after_ms=retry_after_ms or 0, was_answered=True)
        if 300 <= status < 400:
            location = response.headers.get("Location", "another address")
            return DcvdError(f"{self._url} leads to {location!r}: name the URL that answers itself by --url.")
        if problem is None:
            return DcvdError(f"{self._url}{_PATH} answered {status}, which is no answer of dcvd's: is --url right?")
        if status == 401:
            message = f"{self._url} does not take the token in DCVD_TOKEN: it is wrong, was revoked, or has expired."
            return DcvdError(message, code=problem.code)
        return DcvdError(f"{self._url} refuses ({status}): {problem.detail}", code=problem.code)


def describe(error: OSError) -> str:
    """Return the system's words for why a connection failed."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    # A failed lookup of a name has a negative number and words of its own.
    return os.strerror(error.errno) if error.errno is not None and error.errno > 0 else error.strerror or str(error)


def _read_problem(content: bytes) -> Problem | None:
    try:
        return msgspec.json.decode(content, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _decode_page(content: bytes) -> FeedPage:
    page = msgspec.json.decode(content, type=_EventList)
    events: list[FeedEvent] = []
    for raw in page.events:
        body = bytes(raw)
        event = msgspec.json.decode(body, type=_EventBody)
        events.append(FeedEvent(body, event.event, event.id, event.sequence, event.data.domain_name))
    return FeedPage(events, Start(after=int(page.next_cursor)))
