"""Whether an organization may use the API."""

from enum import StrEnum

from dcvd.core.sentences.wording import word
from dcvd.errors import Conflict, Forbidden


class OrganizationStatus(StrEnum):
    """The status of an organization.

    suspended: its tokens are refused until it is resumed; checks of its domains and deliveries go on.
    deleting: its tokens are refused for good; what is its own is removed step by step.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETING = "deleting"


def build_refusal(status: OrganizationStatus) -> Forbidden | None:
    """Build the error for whoever acts for an organization of this status; None where it may use the API."""
    match status:
        case OrganizationStatus.ACTIVE:
            return None
        case OrganizationStatus.SUSPENDED:
            return Forbidden(word("organization_suspended"), code="organization_suspended")
        case OrganizationStatus.DELETING:
            return Forbidden(word("organization_deleting"), code="organization_deleting")


def require_not_deleting(name: str, status: OrganizationStatus) -> None:
    """Raise Conflict where an organization is being deleted, so that nothing can be changed about it any more."""
    if status is OrganizationStatus.DELETING:
        raise Conflict(word("organization_named_deleting", name=name), code="organization_deleting")
