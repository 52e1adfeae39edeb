"""Whether what dcvd says of an answer is right, by what three other clients say of it.

Where all three agree, dcvd agrees. What it may do otherwise is named here, with its reason.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from tests.kit.egress.grammar.answers import Answer, Start


class Exemption(NamedTuple):
    """Answers of which dcvd may say `is_success` although all three clients say the contrary."""

    reason: str
    is_success: bool
    applies: Callable[[Answer], bool]


def _has(*beginnings: str) -> Callable[[Answer], bool]:
    return lambda answer: any(fault.startswith(beginnings) for fault in answer.faults)


EXEMPTIONS: Final = {
    "a head of more than 32 KiB": Exemption(
        "RFC 9110, section 5.4: a recipient limits what it takes. Receivers are strangers, and ours is the smallest.",
        False,
        _has("36 KB of headers"),
    ),
    "an answer before the request": Exemption(
        "RFC 9112, section 9.2: unsolicited bytes are no answer. Who sees them first is chance, for every client.",
        False,
        lambda answer: answer.start is Start.BEFORE_REQUEST,
    ),
    "a transfer coding that is unknown, or twice chunked": Exemption(
        "RFC 9112, section 6.3, rule 4: such a body ends with the connection. The status counts, whatever the body is.",
        True,
        _has("Transfer-Encoding "),
    ),
    "NUL in a field": Exemption(
        "RFC 9110, section 5.5: refuse the message, or replace each NUL by a space. dcvd replaces it.",
        True,
        _has("NUL in a value"),
    ),
    "bare CR in the head": Exemption(
        "RFC 9112, section 2.2: refuse the message, or replace each CR by a space. llhttp passes over some.",
        True,
        _has("CR "),
    ),
    "another protocol after an interim answer of HTTP": Exemption(
        "No RFC has such a thing. llhttp reads RTSP like HTTP; that it is the first answer's protocol, dcvd checks.",
        True,
        lambda answer: {"interim answers", "version RTSP/1.0"} <= answer.faults,
    ),
    "blank lines before the status line": Exemption(
        "RFC 9112, section 2.2, asks servers to pass over them. llhttp does it in a client too.",
        True,
        _has("a blank line first", "blank lines first", "bare LF first"),
    ),
    "white space before the first field": Exemption(
        "RFC 9112, section 2.2: refuse the message, or pass over such lines. llhttp passes over them.",
        True,
        _has("a space before a name", "an empty fold"),
    ),
}


def find_exemption(answer: Answer, is_success: bool) -> str | None:
    """The name of the exemption that allows this verdict."""
    for name, exemption in EXEMPTIONS.items():
        if exemption.is_success is is_success and exemption.applies(answer):
            return name
    return None
