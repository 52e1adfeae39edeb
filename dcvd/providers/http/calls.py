"""Calls of a described API: its pages, and its refusals as the error tree's."""

from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec

from dcvd.config.oauth_http_section import HttpApiDescription
from dcvd.core.json_members import get_member
from dcvd.core.secret import Secret
from dcvd.errors import Permanent, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import Fetcher, FetchResponse
from dcvd.kit.http.json_body import read_json
from dcvd.providers.provider_text import sanitize

_LARGEST_PAGE_BYTES: Final = 1 << 20
_MOST_PAGES: Final = 20
_LONGEST_CURSOR: Final = 512
_LONGEST_RETRY_AFTER_S: Final = 3600


class HttpDnsApi:
    """With a bearer token, to one host."""

    def __init__(self, fetcher: Fetcher, base_url: str, description: HttpApiDescription, token: Secret) -> None:
        self._fetcher = fetcher
        self._base_url = base_url
        self._description = description
        self._token = token
        self.host = urlsplit(base_url).hostname or base_url

    async def send(self, method: str, path: str, body: object = None) -> FetchResponse:
        """An answer of whatever status. Raises FetchFailed."""
        return await self._send(method, self._base_url + path, None if body is None else msgspec.json.encode(body))

    async def fetch_document(self, path: str, activity: str) -> Any:
        """What stands there. Raises RemoteError."""
        return self.read_document(await self.send("GET", path), activity)

    async def fetch_pages(self, path: str, activity: str) -> AsyncIterator[Any]:
        """The pages of a list, of which there are twenty at most, none of them twice. Raises RemoteError."""
        url: str | None = self._base_url + path
        asked: set[str] = set()
        for number in range(1, _MOST_PAGES + 1):
            assert url is not None
            if url in asked:
                raise self.unexpected_answer("the next page")
            asked.add(url)
            document = self.read_document(await self._send("GET", url), activity)
            yield document
            url = self._next_url(document, self._base_url + path, number)
            if url is None:
                return
        raise Permanent(
            f"{self.host} has more than {_MOST_PAGES} pages for {activity}, which are not read; describe a list that "
            "names what is looked for.",
            code="provider_refused",
        )

    def check_success(self, answer: FetchResponse, activity: str) -> None:
        """Raises RemoteError for what is no success."""
        if not 200 <= answer.status < 300:
            raise self._to_error(answer, activity)

    def unexpected_answer(self, activity: str) -> Retryable:
        """The error for an answer that is not as it is described."""
        return Retryable(
            f"The answer of {self.host} to {activity} is not as it is described; it is tried again.",
            code="provider_unexpected",
        )

    async def _send(self, method: str, url: str, body: bytes | None = None) -> FetchResponse:
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return await self._fetcher.send(method, url, headers=headers, body=body, max_bytes=_LARGEST_PAGE_BYTES)

    def read_document(self, answer: FetchResponse, activity: str) -> Any:
        """The document of an answer. Raises RemoteError."""
        self.check_success(answer, activity)
        document = read_json(answer.body)
        if not isinstance(document, dict | list):
            raise self.unexpected_answer(activity)
        return document

    def _next_url(self, document: Any, url: str, number: int) -> str | None:
        if self._description.pages:
            total = get_member(document, self._description.pages)
            return self._page_url(url, str(number + 1)) if isinstance(total, int) and number < total else None
        following = get_member(document, self._description.next_page) if self._description.next_page else None
        match following:
            case None | "" | False:
                return None
            case True:
                raise self.unexpected_answer("the next page")
            case str() if following.startswith("/"):
                return _origin(self._base_url) + following
            case str() if "://" in following:
                # The token goes along: only to where it was meant for.
                if _origin(following) != _origin(self._base_url):
                    raise Permanent(
                        f"{self.host} names a next page at another host, which is not asked.", code="provider_refused"
                    )
                return following
            case str() | int() if len(str(following)) <= _LONGEST_CURSOR:
                return self._page_url(url, str(following))
            case _:
                raise self.unexpected_answer("the next page")

    def _page_url(self, url: str, value: str) -> str:
        return f"{url}{'&' if '?' in url else '?'}{self._description.page_parameter}={quote(value, safe='')}"

    def _to_error(self, answer: FetchResponse, activity: str) -> RemoteError:
        message = sanitize(get_member(read_json(answer.body), self._description.error_message), (self._token,))
        told = f"{self.host} answered {answer.status} to {activity}"
        detail = f"{told}: {message}".rstrip(".") + "." if message else f"{told}."
        match answer.status:
            case 401:
                return Unauthorized(f"{detail} It refuses the token: connect again.", code="provider_unauthorized")
            case 404:
                return Permanent(f"{detail} The account does not hold it.", code="zone_not_found", http_status=404)
            case 429:
                pause = _parse_retry_after_s(answer.headers.get("retry-after", ""))
                return Retryable(f"{told}: too many calls.", code="provider_rate_limited", retry_after_s=pause)
            case status if status >= 500 or status == 408:
                return Retryable(f"{detail} It is tried again.", code="provider_unavailable")
            case status:
                return Permanent(detail, code="provider_refused", http_status=status)


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}".lower()


def _parse_retry_after_s(text: str) -> float | None:
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdecimal()):
        return None
    return float(min(int(stripped[:9]), _LONGEST_RETRY_AFTER_S))
