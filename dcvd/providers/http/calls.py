"""Call a described API: read its pages, and turn its refusals into errors of ours."""

from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec

from dcvd.config.http_api_section import HttpApiDescription
from dcvd.core.http.exchanges import is_temporary
from dcvd.core.http.json_members import get_member
from dcvd.core.secret import Secret
from dcvd.errors import Permanent, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import Fetcher, FetchResponse
from dcvd.kit.http.json_body import read_json
from dcvd.providers.provider_text import sanitize
from dcvd.providers.record_provider import RATE_LIMITED

_MAX_PAGE_BYTES: Final = 1 << 20
_MAX_PAGES: Final = 20
_MAX_CURSOR_LENGTH: Final = 512


class HttpDnsApi:
    """A described API at one host, called with a bearer token."""

    def __init__(self, fetcher: Fetcher, base_url: str, description: HttpApiDescription, token: Secret) -> None:
        self._fetcher = fetcher
        self._base_url = base_url
        self._description = description
        self._token = token
        self.host = urlsplit(base_url).hostname or base_url

    async def send(self, method: str, path: str, body: object = None) -> FetchResponse:
        """Make a call and return its answer, whatever the status. Raises FetchFailed."""
        return await self._send(method, self._base_url + path, None if body is None else msgspec.json.encode(body))

    async def fetch_pages(self, path: str, activity: str) -> AsyncIterator[Any]:
        """Yield the pages of a list, at most twenty and none of them twice. Raises RemoteError."""
        url: str | None = self._base_url + path
        fetched_urls: set[str] = set()
        for number in range(1, _MAX_PAGES + 1):
            assert url is not None
            if url in fetched_urls:
                raise self.unexpected_answer("the next page")
            fetched_urls.add(url)
            document = self.read_document(await self._send("GET", url), activity)
            yield document
            url = self._next_url(document, self._base_url + path, number)
            if url is None:
                return
        raise Permanent(
            f"{self.host} has more than {_MAX_PAGES} pages for {activity}, which are too many to read; describe "
            "a path that selects fewer entries.",
            code="provider_refused",
        )

    def check_success(self, answer: FetchResponse, activity: str) -> None:
        """Raise a RemoteError unless the status is one of success."""
        if not 200 <= answer.status < 300:
            raise self._to_error(answer, activity)

    def unexpected_answer(self, activity: str) -> Retryable:
        """The error for an answer that does not match the description."""
        return Retryable(
            f"The answer of {self.host} to {activity} is not as it is described; it is tried again.",
            code="provider_unexpected",
        )

    async def _send(self, method: str, url: str, body: bytes | None = None) -> FetchResponse:
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return await self._fetcher.send(method, url, headers=headers, body=body, max_bytes=_MAX_PAGE_BYTES)

    def read_document(self, answer: FetchResponse, activity: str) -> Any:
        """Return the document of an answer. Raises RemoteError."""
        self.check_success(answer, activity)
        document = read_json(answer.body)
        if not isinstance(document, dict | list):
            raise self.unexpected_answer(activity)
        return document

    def _next_url(self, document: Any, url: str, number: int) -> str | None:
        if self._description.pages:
            total = get_member(document, self._description.pages)
            if not isinstance(total, int) or isinstance(total, bool):
                raise self.unexpected_answer("the question for the number of pages")
            return self._page_url(url, str(number + 1)) if number < total else None
        following = get_member(document, self._description.next_page) if self._description.next_page else None
        match following:
            case None | "" | False:
                return None
            case True:
                raise self.unexpected_answer("the next page")
            case str() if following.startswith("/"):
                return _origin(self._base_url) + following
            case str() if "://" in following:
                # The token is sent along, so the page has to be at the same host.
                if _origin(following) != _origin(self._base_url):
                    raise Permanent(
                        f"{self.host} names a next page at another host, which is not called.", code="provider_refused"
                    )
                return following
            case str() | int() if len(str(following)) <= _MAX_CURSOR_LENGTH:
                return self._page_url(url, str(following))
            case _:
                raise self.unexpected_answer("the next page")

    def _page_url(self, url: str, value: str) -> str:
        return f"{url}{'&' if '?' in url else '?'}{self._description.page_parameter}={quote(value, safe='')}"

    def _to_error(self, answer: FetchResponse, activity: str) -> RemoteError:
        message = sanitize(get_member(read_json(answer.body), self._description.error_message), (self._token,))
        summary = f"{self.host} answered {answer.status} to {activity}"
        detail = f"{summary}: {message}".rstrip(".") + "." if message else f"{summary}."
        match answer.status:
            case 401:
                return Unauthorized(f"{detail} It refuses the token: connect again.", code="provider_unauthorized")
            case 404:
                return Permanent(f"{detail} The account does not hold it.", code="zone_not_found", http_status=404)
            case 429:
                message = f"{summary}: too many calls."
                return Retryable(message, code=RATE_LIMITED, retry_after_s=answer.retry_after_s)
            case status if is_temporary(status) or status == 408:
                return Retryable(f"{detail} It is tried again.", code="provider_unavailable")
            case status:
                return Permanent(detail, code="provider_refused", http_status=status)


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}".lower()
