"""Whether an organization may use the API."""

from enum import StrEnum

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
            return Forbidden(
                "Your organization is suspended: its tokens work again once your operator resumes it. Its domains are "
                "still checked, and its webhooks still sent.",
                code="organization_suspended",
            )
        case OrganizationStatus.DELETING:
            return Forbidden("Your organization is being deleted.", code="organization_deleting")


def require_not_deleting(name: str, status: OrganizationStatus) -> None:
    """Raise Conflict where an organization is being deleted, so that nothing can be changed about it any more."""
    if status is OrganizationStatus.DELETING:
        raise Conflict(f"The organization {name} is being deleted.", code="organization_deleting")
