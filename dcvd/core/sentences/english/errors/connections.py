"""English: errors about connections and how they are made."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CONNECTIONS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "aws_without_oauth": (
            "AWS has no OAuth for its customers. Get an ExternalId by POST /api/oauth/aws/external-ids, let the "
            "customer make a role that trusts it, then connect by POST /api/oauth/connections."
        ),
        "credentials_of_other_kind": "{provider} does not take credentials of this kind.",
        "return_to_not_listed": "returnTo is none of the URLs in oauth.return_to, exactly as they stand there.",
        "state_unusable": (
            "The state is unknown, used, expired, or was not begun for this provider and redirect URI by this token "
            "or link: begin again with POST /api/oauth/authorize."
        ),
        "authorizations_too_many": (
            "There are {unused} authorizations open and {used} used within {minutes} minutes; there may be "
            "{most_unused} and {most}. Each ends by itself."
        ),
        "redirect_uri_not_listed": (
            "redirectUri is none of the URIs in oauth.{provider}.redirect_uris, exactly as they stand there."
        ),
        "external_ids_unused": (
            "There are {most} ExternalIds that were given and not used; use one of them, or wait until the oldest ends."
        ),
        "external_id_unknown": (
            "{field} was not given to this organization by dcvd, was used already, or has expired. Get one by POST "
            "/api/oauth/aws/external-ids; each opens one connection."
        ),
        "role_domains_too_many": "There are {count} domains; one role is for up to {most}.",
        "policy_too_long": "The policy would be longer than the {most} characters that AWS takes; give fewer domains.",
        "consent_name_missing": "domainName is missing: this provider gives its consent for one hostname.",
        "consent_name_unwanted": "domainName is not wanted: {provider} gives its consent for an account.",
        "consent_zone_missing": "The domain of {name} is not registered.",
        "no_consent_here": "Nobody consents to changes at this provider here.",
        "connection_missing": "No connection was made by this link, or it does not work any more.",
        "provider_unknown": "Choose a provider: {known}.",
        "credentials_form_unknown": "There is no such form of credentials; choose one on the page of connections.",
        "member_missing": "{member} is missing.",
        "member_no_number": "{member} is no whole number.",
    }
)
"""The templates by their ids."""
