"""Calls of the API over a unix socket, as the operator."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import aiohttp
import msgspec

from dcvd.cli.call_timeouts import TIMEOUT_VARIABLE, find_timeout_s
from dcvd.cli.extents import Extent, Listed, read_extent
from dcvd.cli.operations.api_errors import build_error
from dcvd.cli.operations.silence import USUAL_PATIENCE, Patience, await_unless_silent
from dcvd.cli.socket_calls import describe_refused_socket
from dcvd.errors import DcvdError, Forbidden
from dcvd.http.answers.problem_view import Problem
from dcvd.store.engine.paging import MAX_LIMIT

PAGE_SIZE: Final = str(MAX_LIMIT)
UNREACHABLE: Final = "daemon_unreachable"
_LIFE_PATH: Final = "/health"
_NO_LISTENER_ERRORS: Final = (errno.ENOENT, errno.ENOTDIR, errno.ECONNREFUSED)
_A = TypeVar("_A")
Query = Mapping[str, str | Sequence[str]]
"""The parameters of a call; one with several values is repeated."""


class _PageAnswer(Protocol):
    """A page of a list."""

    @property
    def next_cursor(self) -> str | None: ...


_P = TypeVar("_P", bound=_PageAnswer)


class ApiClient:
    """Calls the API; every method raises DcvdError.

    `server` names in sentences who answers, such as `The daemon at /run/dcvd.sock`. `patience`: with a daemon that
    says nothing at all to what only reads; None waits as long as for any other answer.
    """

    def __init__(self, session: aiohttp.ClientSession, server: str, patience: Patience | None = None) -> None:
        self._session = session
        self._server = server
        self._patience = patience
        self._stream_timeout = aiohttp.ClientTimeout(total=None, sock_read=session.timeout.total)

    async def list_pages(self, path: str, page_type: type[_P], *, query: Query | None = None) -> list[_P]:
        """Read a list to its end, page by page."""
        pages: list[_P] = []
        first_query = query = {"limit": PAGE_SIZE, **(query or {})}
        while True:
            page = await self.call("GET", path, page_type, query=query)
            pages.append(page)
            if page.next_cursor is None:
                return pages
            query = {**first_query, "cursor": page.next_cursor}

    async def list_extent(
        self,
        path: str,
        page_type: type[_P],
        get_items: Callable[[_P], Sequence[_A]],
        extent: Extent,
        *,
        query: Query | None = None,
    ) -> Listed[_A]:
        """Read as much of a list as is wanted; `get_items` returns those of one page."""

        async def read_page(cursor: str | None, size: int) -> tuple[Sequence[_A], str | None]:
            asked = {**(query or {}), "limit": str(size), **({} if cursor is None else {"cursor": cursor})}
            page = await self.call("GET", path, page_type, query=asked)
            return get_items(page), page.next_cursor

        return await read_extent(read_page, extent, page_size=MAX_LIMIT)

    async def call(
        self,
        method: str,
        path: str,
        answer_type: type[_A],
        *,
        body: object = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> _A:
        """Call, and decode the answer; `timeout_s`: for a call that may take longer than others."""
        raw = await self.exchange(method, path, body=body, query=query, headers=headers, timeout_s=timeout_s)
        return self.decode(raw, answer_type, f"{method} {path}")

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> bytes:
        return (
            await self.exchange_with_status(method, path, body=body, query=query, headers=headers, timeout_s=timeout_s)
        )[1]

    async def exchange_with_status(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> tuple[int, bytes]:
        """Return the status, where the difference between 200 and 202 counts, and the answer."""
        timeout = self._session.timeout if timeout_s is None else aiohttp.ClientTimeout(total=timeout_s)
        content = None if body is None else msgspec.json.encode(body)
        sent = {**({} if body is None else {"Content-Type": "application/json"}), **(headers or {})}

        async def ask() -> tuple[int, bytes]:
            async with self._session.request(
                method, path, params=query, data=content, headers=sent, timeout=timeout
            ) as response:
                return response.status, await response.read()

        patience = self._patience if method == "GET" and timeout_s is None else None
        started_s = time.monotonic()
        try:
            answer = ask()
            if patience is None:
                status, raw = await answer
            else:
                status, raw = await await_unless_silent(answer, self._show_life, patience)
        except TimeoutError as error:
            if patience is not None and time.monotonic() - started_s < (timeout.total or 0):
                raise DcvdError(
                    f"{self._server} hangs, or is only just starting: it took {method} {path} and said nothing for "
                    f"{patience.total_s:g} s, nor to GET {_LIFE_PATH}. See its log; then try again, or systemctl "
                    f"restart dcvd. With ${TIMEOUT_VARIABLE} set, a command waits so long in any case.",
                    code=UNREACHABLE,
                ) from error
            what = f"{self._server} did not answer {method} {path} within {timeout.total:g} s"
            how = f"${TIMEOUT_VARIABLE} sets how long a command waits."
            raise DcvdError(f"{what}: {_advise(method)} {how}", code=UNREACHABLE) from error
        except aiohttp.ClientError as error:
            advice = _advise(method)
            raise DcvdError(
                f"{self._server} did not answer {method} {path} to the end ({type(error).__name__}): {advice}",
                code=UNREACHABLE,
            ) from error
        if status >= 400:
            raise _to_error(raw, f"{self._server} answered {method} {path} with {status}")
        return status, raw

    async def _show_life(self) -> None:
        async with self._session.get(_LIFE_PATH) as response:
            await response.read()

    async def stream(
        self,
        path: str,
        describe_stop: Callable[[str], str],
        *,
        query: Query | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        by_line: bool = False,
    ) -> AsyncIterator[bytes]:
        """POST, and yield the answer piece by piece as it comes; `by_line`: line by line.

        `describe_stop` returns the sentence, from its verb on, for an answer that stopped in the middle; it gets the
        name of the error.
        """
        try:
            async with self._session.post(
                path, params=query, data=data, headers=headers, timeout=self._stream_timeout
            ) as response:
                if response.status >= 400:
                    raise _to_error(
                        await response.read(), f"{self._server} answered POST {path} with {response.status}"
                    )
                async for piece in response.content if by_line else response.content.iter_any():
                    yield piece
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DcvdError(f"{self._server} {describe_stop(type(error).__name__)}", code=UNREACHABLE) from error

    def decode(self, raw: bytes, answer_type: type[_A], call: str) -> _A:
        """Decode an answer of a call, such as `GET /ready`."""
        try:
            return msgspec.json.decode(raw, type=answer_type)
        except msgspec.DecodeError as error:
            raise DcvdError(
                f"{self._server} answered {call} in a form that this command does not know: {error}."
                " Are both of the same version? Restart the daemon after an upgrade."
            ) from error


def _advise(method: str) -> str:
    """Say what to do where no answer came; what only reads can be repeated at once."""
    return "see its log, then try again." if method == "GET" else "look whether it was done, then try again."


def find_patience(environ: Mapping[str, str] = os.environ) -> Patience | None:
    """Return the patience with a daemon that says nothing; None where the environment says how long to wait."""
    return None if environ.get(TIMEOUT_VARIABLE) else USUAL_PATIENCE


async def has_listener(socket: Path) -> bool:
    """Whether a daemon listens; connecting starts one if systemd holds the socket.

    Raises Forbidden if this user may not connect, and DcvdError for any other failure.
    """
    try:
        async with asyncio.timeout(find_timeout_s()):
            _, writer = await asyncio.open_unix_connection(socket)
    except PermissionError as error:
        raise Forbidden(describe_refused_socket(socket)) from error
    except TimeoutError as error:
        raise DcvdError(f"The daemon at {socket} does not answer: see its log.", code=UNREACHABLE) from error
    except OSError as error:
        if error.errno in _NO_LISTENER_ERRORS:
            return False
        sentence = f"The daemon's socket {socket} cannot be used: {error.strerror or error}."
        raise DcvdError(sentence, code=UNREACHABLE) from error
    writer.close()
    await writer.wait_closed()
    return True


def _to_error(raw: bytes, fallback_sentence: str) -> DcvdError:
    try:
        problem = msgspec.json.decode(raw, type=Problem)
    except msgspec.DecodeError:
        return DcvdError(f"{fallback_sentence}, which is no answer of dcvd's: see its log.")
    return build_error(problem)
