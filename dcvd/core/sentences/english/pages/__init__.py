"""English: the pages that people see in a browser."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dcvd.core.sentences.english.pages.alerts import ALERTS
from dcvd.core.sentences.english.pages.audit import AUDIT
from dcvd.core.sentences.english.pages.branding import BRANDING
from dcvd.core.sentences.english.pages.connect import CONNECT_PAGE
from dcvd.core.sentences.english.pages.connections import CONNECTIONS
from dcvd.core.sentences.english.pages.domains import DOMAINS
from dcvd.core.sentences.english.pages.events import EVENTS
from dcvd.core.sentences.english.pages.findings import FINDINGS
from dcvd.core.sentences.english.pages.frame import FRAME
from dcvd.core.sentences.english.pages.jobs import JOBS
from dcvd.core.sentences.english.pages.members import MEMBERS
from dcvd.core.sentences.english.pages.messages import MESSAGES
from dcvd.core.sentences.english.pages.oidc import OIDC
from dcvd.core.sentences.english.pages.operator import OPERATOR
from dcvd.core.sentences.english.pages.overview import OVERVIEW
from dcvd.core.sentences.english.pages.quick_start import QUICK_START
from dcvd.core.sentences.english.pages.tokens import TOKENS
from dcvd.core.sentences.english.pages.webhooks import WEBHOOKS

PAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **CONNECT_PAGE,
        **FRAME,
        **OVERVIEW,
        **DOMAINS,
        **FINDINGS,
        **WEBHOOKS,
        **EVENTS,
        **TOKENS,
        **CONNECTIONS,
        **JOBS,
        **AUDIT,
        **MEMBERS,
        **ALERTS,
        **BRANDING,
        **QUICK_START,
        **OPERATOR,
        **OIDC,
        **MESSAGES,
    }
)
"""The templates by their ids."""
