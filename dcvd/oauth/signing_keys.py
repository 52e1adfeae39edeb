"""The signing keys of an identity provider, fetched from its JWK set, and cached until a key is missing among them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final

import structlog
from msgspec import Struct

from dcvd.core.http.exchanges import is_temporary
from dcvd.errors import Permanent, RemoteError, Retryable
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.http.json_body import read_json_object
from dcvd.oauth.json_web_keys import VerificationKey, read_keys

log = structlog.get_logger(__name__)

_LIFETIME_S: Final = 3600.0
_LEAST_AGE_S: Final = 30.0
"""So old keys are at least before they are fetched again for one that is missing: whoever makes up names of keys must
not make us ask for each."""
_FAILURE_LIFETIME_S: Final = 5.0
_MAX_BYTES: Final = 256 * 1024


class _FetchedKeys(Struct, frozen=True):
    result: Sequence[VerificationKey] | RemoteError
    fetched_s: float

    def is_good_for(self, key_id: str | None, now_s: float) -> bool:
        age_s = now_s - self.fetched_s
        if isinstance(self.result, RemoteError):
            return age_s < _FAILURE_LIFETIME_S
        if key_id is not None and all(key.key_id != key_id for key in self.result):
            return age_s < _LEAST_AGE_S
        return age_s < _LIFETIME_S


class SigningKeys:
    """The keys of the few providers that a configuration names; one call at a time asks for them."""

    def __init__(self, fetcher: Fetcher, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetcher = fetcher
        self._monotonic = monotonic
        self._fetched: dict[str, _FetchedKeys] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, url: str, key_id: str | None) -> Sequence[VerificationKey]:
        """Return the keys of the JWK set at a URL, fetched anew where the one with this id is not among them.

        Raises Retryable where they cannot be had now, Permanent (`bad_metadata`) where there are none.
        """
        async with self._locks.setdefault(url, asyncio.Lock()):
            fetched = self._fetched.get(url)
            if fetched is None or not fetched.is_good_for(key_id, self._monotonic()):
                fetched = self._fetched[url] = _FetchedKeys(await self._fetch(url), self._monotonic())
        if isinstance(fetched.result, RemoteError):
            raise fetched.result.with_traceback(None)
        return fetched.result

    async def _fetch(self, url: str) -> Sequence[VerificationKey] | RemoteError:
        try:
            return await self._read(url)
        except RemoteError as error:
            log.warning("oauth.keys_failed", url=url, code=error.code, error=error.message)
            return error

    async def _read(self, url: str) -> Sequence[VerificationKey]:
        response = await self._fetcher.send("GET", url, headers={"Accept": "application/json"}, max_bytes=_MAX_BYTES)
        if response.status != HTTPStatus.OK:
            message = f"{url} answered {response.status} when it was asked for the provider's keys."
            raise Retryable(message) if is_temporary(response.status) else Permanent(message, code="bad_metadata")
        keys = read_keys(read_json_object(response.body) or {})
        if not keys:
            raise Permanent(f"{url} has no key for RS256, ES256 or EdDSA.", code="bad_metadata")
        return keys
