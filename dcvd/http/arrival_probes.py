"""What arrives here of a request that the operator sends through the proxy in front: told to operators alone."""

import secrets
import time
from collections.abc import Callable
from typing import Final

from litestar.types import HTTPScope
from msgspec import Struct

from dcvd.core.http.arrivals import PROBE_HEADER, Arrival
from dcvd.errors import NotFound

_HEADER: Final = PROBE_HEADER.lower().encode()
_FORWARDED_FOR: Final = b"x-forwarded-for"
_LIFETIME_S: Final = 60.0
_MAX_PROBES: Final = 16
_MAX_CHARS: Final = 1_000


class _Probe(Struct):
    ends_at_s: float
    arrival: Arrival | None = None


class ArrivalProbes:
    """Makes codes, and keeps for a minute what the first request with each of them was like.

    Nothing of a request is kept whose sender does not know a code, and no more than a few of them are.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._probes: dict[str, _Probe] = {}

    def begin(self) -> str:
        """Make a code. The oldest one ends where there are too many."""
        self._drop_ended()
        while len(self._probes) >= _MAX_PROBES:
            del self._probes[next(iter(self._probes))]
        code = secrets.token_hex(16)
        self._probes[code] = _Probe(self._monotonic() + _LIFETIME_S)
        return code

    def note(self, scope: HTTPScope) -> None:
        """Keep what a request is like, if it came over TCP and has the code of a probe that has none yet."""
        if not self._probes:
            return
        self._drop_ended()
        peer = scope.get("client")
        code = _find(scope, _HEADER)
        probe = None if code is None else self._probes.get(code)
        if peer and probe is not None and probe.arrival is None:
            probe.arrival = Arrival(
                peer=peer[0],
                host=_find(scope, b"host"),
                forwarded_for=_list(scope, _FORWARDED_FOR),
                http_version=scope["http_version"],
                is_last=scope["http_version"] == "1.0" or (_find(scope, b"connection") or "").lower() == "close",
            )

    def find(self, code: str) -> Arrival | None:
        """Find what arrived with a code; None as long as nothing has. Raises NotFound for one that is none any more."""
        self._drop_ended()
        probe = self._probes.get(code)
        if probe is None:
            raise NotFound("There is no such probe; one ends after a minute.")
        return probe.arrival

    def _drop_ended(self) -> None:
        now_s = self._monotonic()
        for code in [code for code, probe in self._probes.items() if probe.ends_at_s <= now_s]:
            del self._probes[code]


def _find(scope: HTTPScope, name: bytes) -> str | None:
    values = _list(scope, name)
    return values[0] if values else None


def _list(scope: HTTPScope, name: bytes) -> list[str]:
    return [value.decode("latin-1")[:_MAX_CHARS] for key, value in scope["headers"] if key == name]
