"""What tells of a request, where it arrives, how the proxies in front hand requests on."""

from typing import Final

from msgspec import Struct

PROBE_HEADER: Final = "X-DCVD-Probe"


class Arrival(Struct, frozen=True, kw_only=True, rename="camel"):
    """The connection, and the headers that a proxy writes.

    peer: the address of the connection's other end. host, forwarded_for: the headers, the latter line by line. is_last:
    whether the connection ends with this request.
    """

    peer: str
    host: str | None
    forwarded_for: list[str]
    http_version: str
    is_last: bool
