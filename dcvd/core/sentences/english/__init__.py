"""The catalogue in English."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dcvd.core.sentences.english.cloudflare import CLOUDFLARE
from dcvd.core.sentences.english.dns import DNS
from dcvd.core.sentences.english.errors import ERRORS
from dcvd.core.sentences.english.hostnames import HOSTNAMES
from dcvd.core.sentences.english.pages import PAGES
from dcvd.core.sentences.english.summaries import SUMMARIES
from dcvd.core.sentences.english.timeline import TIMELINE
from dcvd.core.sentences.english.webhooks import WEBHOOKS

ENGLISH: Final[Mapping[str, str]] = MappingProxyType(
    {**DNS, **CLOUDFLARE, **HOSTNAMES, **SUMMARIES, **TIMELINE, **WEBHOOKS, **PAGES, **ERRORS}
)
"""The templates by their ids."""
