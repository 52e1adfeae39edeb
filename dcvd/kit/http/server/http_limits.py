"""What a client may do to a connection."""

from msgspec import Struct


class HttpLimits(Struct, frozen=True, kw_only=True):
    """The limits on a client, in seconds and bytes."""

    head_timeout_s: float = 10.0  # for a whole request head, from the connection's start or the head's first byte
    body_timeout_s: float = 10.0  # between two pieces of a body
    body_total_s: float = 60.0  # for a whole body, so that a client cannot stay by sending single bytes
    long_body_total_s: float = 3600.0  # for a whole body, where the application asked for longer
    stop_idle_s: float = 0.5  # for a client without a request to begin one when the server stops
    stop_timeout_s: float = 2.0  # for the rest of a body when the server stops
    write_timeout_s: float = 30.0  # for the client to read a part of its answer where we hold it
    linger_s: float = 1.0  # in which a client that has its answer early may go on sending, and read it
    keep_alive_s: float = 30.0  # between an answer and the next request
    head_bytes: int = 16_384
    unread_bytes: int = 32 << 20  # of answers that we hold because clients do not read, in all
