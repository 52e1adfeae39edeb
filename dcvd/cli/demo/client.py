"""A tenant's HTTP client: JSON and a bearer token."""

from typing import Any, Final

import aiohttp

from dcvd.errors import DcvdError

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)


class DemoClient:
    """Calls one base URL, with or without a bearer token."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: str | None = None) -> None:
        self._session = session
        self._base_url = base_url
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """Call, and return the answer's JSON. Raises DcvdError for any answer but a 2xx, and if there is none."""
        try:
            async with self._session.request(
                method, self._base_url + path, json=body, headers=self._headers, timeout=_TIMEOUT
            ) as response:
                if not response.ok:
                    raise DcvdError(f"{method} {path} was answered {response.status}: {await response.text()}")
                return await response.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DcvdError(f"{method} {path} got no answer: {str(error) or type(error).__name__}.") from error
