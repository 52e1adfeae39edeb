"""The catalogue in German."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dcvd.core.sentences.german.cloudflare import CLOUDFLARE
from dcvd.core.sentences.german.dns import DNS
from dcvd.core.sentences.german.errors import ERRORS
from dcvd.core.sentences.german.hostnames import HOSTNAMES
from dcvd.core.sentences.german.pages import PAGES
from dcvd.core.sentences.german.summaries import SUMMARIES
from dcvd.core.sentences.german.timeline import TIMELINE
from dcvd.core.sentences.german.webhooks import WEBHOOKS

GERMAN: Final[Mapping[str, str]] = MappingProxyType(
    {**DNS, **CLOUDFLARE, **HOSTNAMES, **SUMMARIES, **TIMELINE, **WEBHOOKS, **PAGES, **ERRORS}
)
"""The templates by their ids."""
