"""Hostnames as people type and paste them: what is meant is taken, and what is unclear is told with what to enter."""

import re
from typing import Final
from urllib.parse import urlsplit

from dcvd.core.addresses import parse_ip
from dcvd.core.sentences.rendering import render
from dcvd.core.sentences.sentence import Sentence, say

_WEB_URL: Final = re.compile(r"(?:https?:?[/\\\\]+|//)+(.*)", re.IGNORECASE | re.DOTALL)
_AFTER_NAME: Final = re.compile(r"[/?#\\].*", re.DOTALL)
_PORT: Final = re.compile(r"(.*):([0-9]{0,5})", re.DOTALL)
_WEB_PORTS: Final = frozenset({"", "80", "443"})


class NotOnlyName(Exception):
    """A text has more than a hostname, or another thing; `sentences` say what, and what to enter instead."""

    def __init__(self, *sentences: Sentence) -> None:
        super().__init__(render(sentences))
        self.sentences = sentences


def extract_name(text: str) -> str:
    """Return the hostname of what somebody typed, which may be the address of a page. Raises NotOnlyName."""
    typed = text.strip()
    web_url = _WEB_URL.fullmatch(typed)
    if web_url is None and "://" in typed:
        raise NotOnlyName(say("hostname_not_web", typed=repr(typed)), _enter(_host_of(typed)))
    name = _AFTER_NAME.sub("", typed if web_url is None else web_url[1])
    with_port = _PORT.fullmatch(name)
    without_port = name if with_port is None else with_port[1]
    if parse_ip(name.strip("[]")) is not None or parse_ip(without_port.strip("[]")) is not None:
        raise NotOnlyName(say("hostname_ip_address", name=repr(name)))
    if "@" in name:
        thing = "hostname_mail_address" if web_url is None else "hostname_with_user"
        raise NotOnlyName(say(thing, typed=repr(typed)), _enter(without_port.rpartition("@")[2]))
    if with_port is None or ":" in with_port[1]:
        return name
    if with_port[2] not in _WEB_PORTS:
        raise NotOnlyName(say("hostname_with_port", typed=repr(typed)), _enter(with_port[1]))
    return with_port[1]


def _enter(name: str) -> Sentence:
    return say("hostname_enter_only", name=name if "." in name else "app.customer.com")


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
