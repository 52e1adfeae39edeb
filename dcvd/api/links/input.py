"""What a call says about a link."""

from typing import Literal

from msgspec import Struct

from dcvd.core.instants import SECOND
from dcvd.core.links import DEFAULT_LIFETIME_MS


class NewLink(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A link by which a customer adds one domain, whose name they type.

    `expiresIn`: for how many seconds it works, from a minute to 30 days. `returnTo`: where the customer's browser goes
    in the end; one of the URLs that the operator configured, or the `returnUrl` of your branding.
    """

    purpose: Literal["new"] = "new"
    expires_in: int = DEFAULT_LIFETIME_MS // SECOND
    return_to: str | None = None


class NewDomainLink(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A link by which a customer sets up a domain that is there; see `NewLink`."""

    purpose: Literal["setup"] = "setup"
    expires_in: int = DEFAULT_LIFETIME_MS // SECOND
    return_to: str | None = None
