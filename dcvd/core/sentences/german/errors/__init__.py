"""German: what is said of errors."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dcvd.core.sentences.german.errors.access import ACCESS_ERRORS
from dcvd.core.sentences.german.errors.alerts import ALERTS_ERRORS
from dcvd.core.sentences.german.errors.branding import BRANDING_ERRORS
from dcvd.core.sentences.german.errors.connections import CONNECTIONS_ERRORS
from dcvd.core.sentences.german.errors.credentials import CREDENTIALS_ERRORS
from dcvd.core.sentences.german.errors.domains import DOMAINS_ERRORS
from dcvd.core.sentences.german.errors.events import EVENTS_ERRORS
from dcvd.core.sentences.german.errors.jobs import JOBS_ERRORS
from dcvd.core.sentences.german.errors.links import LINKS_ERRORS
from dcvd.core.sentences.german.errors.lists import LISTS_ERRORS
from dcvd.core.sentences.german.errors.members import MEMBERS_ERRORS
from dcvd.core.sentences.german.errors.organizations import ORGANIZATIONS_ERRORS
from dcvd.core.sentences.german.errors.records import RECORDS_ERRORS
from dcvd.core.sentences.german.errors.tokens import TOKENS_ERRORS
from dcvd.core.sentences.german.errors.webhooks import WEBHOOKS_ERRORS

ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **ACCESS_ERRORS,
        **ALERTS_ERRORS,
        **BRANDING_ERRORS,
        **CONNECTIONS_ERRORS,
        **CREDENTIALS_ERRORS,
        **DOMAINS_ERRORS,
        **EVENTS_ERRORS,
        **JOBS_ERRORS,
        **LINKS_ERRORS,
        **LISTS_ERRORS,
        **MEMBERS_ERRORS,
        **ORGANIZATIONS_ERRORS,
        **RECORDS_ERRORS,
        **TOKENS_ERRORS,
        **WEBHOOKS_ERRORS,
    }
)
"""The templates by their ids."""
