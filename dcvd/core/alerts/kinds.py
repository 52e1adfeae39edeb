"""The kinds of alerts. A contact chooses among them, and so does the operator."""

from enum import StrEnum
from typing import Final


class AlertKind(StrEnum):
    """What somebody is told. The set is closed, and kinds are never renamed."""

    ENDPOINT_FAILING = "endpoint_failing"
    EVENT_REFUSED = "event_refused"
    """An endpoint takes other events, and refuses those of one type for good."""
    ENDPOINT_DISABLED = "endpoint_disabled"
    ENDPOINT_RECOVERED = "endpoint_recovered"
    DOMAIN_BROKEN = "domain_broken"
    """A domain that was active does not work any more."""
    RENEWAL_OVERDUE = "renewal_overdue"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    CONNECTION_CONSENT_NEEDED = "connection_consent_needed"
    JOB_DEAD = "job_dead"
    CLOUDFLARE_FAULT = "cloudflare_fault"
    """The token, the zone or its plan keeps hostnames waiting: only the operator can act."""


OPERATOR_KINDS: Final = frozenset({AlertKind.CLOUDFLARE_FAULT})
"""Kinds that are told to the operator alone."""
CONTACT_KINDS: Final = tuple(kind for kind in AlertKind if kind not in OPERATOR_KINDS)
"""Kinds that a contact of an organization can be told."""
