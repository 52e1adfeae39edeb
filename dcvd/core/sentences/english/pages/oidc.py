"""English: the sign-in at an identity provider."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OIDC: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sign_in_with": "Sign in with {provider}",
        "sign_in_operators": "Operators sign in by the link that “{command}” prints.",
        "oidc_refused_title": "You are not signed in",
        "oidc_back": "Back to the sign-in",
        "oidc_choose_title": "For which organization?",
        "oidc_choose_intro": "{address} belongs to several. Choose the one for which you sign in now.",
        "oidc_other_attempt": (
            "This answer of {provider} does not belong to a sign-in that this browser began within the last "
            "ten minutes, or it was used. Sign in again."
        ),
        "oidc_unavailable": "{provider} does not answer now. Try again in a moment, or sign in with a token.",
        "oidc_untrusted": (
            "What {provider} answers cannot be used to sign you in. Whoever runs dcvd finds the reason in its log."
        ),
        "oidc_declined": "{provider} did not let you in, or you declined. Sign in again to give it another try.",
        "oidc_address_not_verified": (
            "{provider} does not say that your e-mail address is verified. Have it verified there, and sign in again."
        ),
        "oidc_no_group_of_roles": (
            "None of your groups at {provider} may use this dashboard. Ask whoever runs dcvd which ones may."
        ),
        "oidc_no_member": (
            "{provider} knows you as {address}, and no organization has an active member with that address. "
            "Ask an owner or admin of yours to invite it; an invitation has to be accepted first."
        ),
    }
)
"""The templates by their ids."""
