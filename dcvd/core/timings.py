"""Where the time of one HTTP exchange went."""

from msgspec import Struct


class Timings(Struct, frozen=True, kw_only=True):
    """Milliseconds. A phase is None where it was not reached or not needed, as on a connection that was used before.

    `first_byte_ms` runs from the request's last byte to the answer's first, `total_ms` over everything.
    """

    dns_ms: int | None = None
    connect_ms: int | None = None
    tls_ms: int | None = None
    first_byte_ms: int | None = None
    total_ms: int
