"""German: the pages that people see in a browser."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dcvd.core.sentences.german.pages.alerts import ALERTS
from dcvd.core.sentences.german.pages.audit import AUDIT
from dcvd.core.sentences.german.pages.branding import BRANDING
from dcvd.core.sentences.german.pages.connect import CONNECT_PAGE
from dcvd.core.sentences.german.pages.connections import CONNECTIONS
from dcvd.core.sentences.german.pages.domains import DOMAINS
from dcvd.core.sentences.german.pages.events import EVENTS
from dcvd.core.sentences.german.pages.findings import FINDINGS
from dcvd.core.sentences.german.pages.frame import FRAME
from dcvd.core.sentences.german.pages.jobs import JOBS
from dcvd.core.sentences.german.pages.members import MEMBERS
from dcvd.core.sentences.german.pages.messages import MESSAGES
from dcvd.core.sentences.german.pages.oidc import OIDC
from dcvd.core.sentences.german.pages.operator import OPERATOR
from dcvd.core.sentences.german.pages.overview import OVERVIEW
from dcvd.core.sentences.german.pages.quick_start import QUICK_START
from dcvd.core.sentences.german.pages.tokens import TOKENS
from dcvd.core.sentences.german.pages.webhooks import WEBHOOKS

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
