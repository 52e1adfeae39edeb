"""English: the pages of connections."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CONNECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "connections_intro": (
            "With a connection dcvd writes the records of your customers' domains at their DNS provider, and "
            "removes them again."
        ),
        "connections_provider": "Provider",
        "connections_provider_cloudflare": "Cloudflare",
        "connections_provider_godaddy": "GoDaddy",
        "connections_provider_route53": "Amazon Route 53",
        "connections_provider_other": "Another DNS provider",
        "connections_id": "Id",
        "connections_account": "Account",
        "connections_state": "State",
        "connections_active": "works",
        "connections_reauth": "has to be connected anew",
        "connections_method": "Connected by",
        "connections_method_oauth": "consent at the provider (OAuth)",
        "connections_method_api_token": "an API token",
        "connections_method_key_pair": "a key and its secret",
        "connections_method_aws_role": "a role at AWS",
        "connections_method_aws_keys": "an access key of AWS",
        "connections_method_tsig": "a TSIG key",
        "connections_scopes": "Granted",
        "connections_last_use": "Last use",
        "connections_never_used": "never used",
        "connections_last_error": "Last error",
        "connections_no_error": "none",
        "connections_at": "{when}",
        "connections_renewal": "Access",
        "connections_renewed_by_itself": "Is renewed by itself, next {when}.",
        "connections_ends": "Ends {when}; then it has to be connected anew.",
        "connections_made": "Connected",
        "connections_by_link": "by a customer, through a link",
        "connections_domains": "Domains",
        "connections_no_domain": "No domain uses it.",
        "connections_one_domain": "One domain uses it.",
        "connections_domain_count": "{count} domains use it.",
        "connections_first_domains": "These are the newest {count}.",
        "connections_connect": "Connect a provider",
        "connections_consent_explained": "You leave this page, consent at the provider, and come back.",
        "connections_consent": "Connect {provider}",
        "connections_domain_name": "Hostname for which the provider asks for consent",
        "connections_leaving": (
            "{provider} asks whether dcvd may change DNS records. After your answer you come back to this dashboard."
        ),
        "connections_by_credentials": "By credentials",
        "connections_no_key": (
            "No connection can be made: whoever runs dcvd has not set a key with which credentials are encrypted."
        ),
        "connections_form_cloudflare_api_token": "Cloudflare, by an API token",
        "connections_form_godaddy_api_token": "GoDaddy, by a personal access token",
        "connections_form_godaddy_key_pair": "GoDaddy, by a key and its secret",
        "connections_form_route53_aws_role": "Amazon Route 53, by a role",
        "connections_form_route53_aws_keys": "Amazon Route 53, by an access key",
        "connections_form_other_tsig": "Another provider, by dynamic updates with a TSIG key",
        "connections_credentials_intro": (
            "The credentials are tried at the provider first, stored encrypted, and never shown again."
        ),
        "connections_member_api_token_api_token": "API token",
        "connections_member_api_token_api_token_hint": "With the permissions Zone Read and DNS Edit.",
        "connections_member_api_token_token": "Personal access token",
        "connections_member_api_token_token_hint": "One that may change DNS records.",
        "connections_member_key_pair_key": "Key",
        "connections_member_key_pair_key_hint": "Of the production environment.",
        "connections_member_key_pair_secret": "Secret",
        "connections_member_key_pair_secret_hint": "The one that was shown with the key.",
        "connections_member_aws_role_role_arn": "ARN of the role",
        "connections_member_aws_role_role_arn_hint": "Such as `arn:aws:iam::123456789012:role/dcvd`.",
        "connections_member_aws_role_external_id": "ExternalId",
        "connections_member_aws_role_external_id_hint": "The one that dcvd gave you for this role.",
        "connections_member_aws_keys_access_key_id": "Access key ID",
        "connections_member_aws_keys_access_key_id_hint": (
            "Such as `AKIA…`. Of a user that may change records, and nothing else."
        ),
        "connections_member_aws_keys_secret_access_key": "Secret access key",
        "connections_member_aws_keys_secret_access_key_hint": "A role needs no secret, and is the better way.",
        "connections_member_tsig_server": "Server",
        "connections_member_tsig_server_hint": "The hostname or IP address of the zone's primary server.",
        "connections_member_tsig_zone": "Zone",
        "connections_member_tsig_zone_hint": "The one zone that may be changed.",
        "connections_member_tsig_key_name": "Name of the key",
        "connections_member_tsig_key_name_hint": "As the server knows it.",
        "connections_member_tsig_secret": "Secret",
        "connections_member_tsig_secret_hint": "The key in base64.",
        "connections_member_tsig_port": "Port",
        "connections_member_tsig_port_hint": "Mostly 53.",
        "connections_member_tsig_algorithm": "Algorithm",
        "connections_member_tsig_algorithm_hint": "As the server has it for the key.",
        "connections_role_first": "First: make a role at AWS",
        "connections_role_explained": (
            "The role trusts dcvd with an ExternalId of its own. dcvd gives it to you, with the two policies to paste."
        ),
        "connections_role_domains": "Hostnames whose records the role may write",
        "connections_role_domains_hint": "One a line. Empty: the CNAME records of all names.",
        "connections_role_button": "Get the ExternalId and the policies",
        "connections_role_then": "Then: connect with the role",
        "connections_role_step_trust": (
            "In the AWS account of the hosted zone, open IAM, Roles, Create role, Custom trust policy, and paste "
            "the trust policy as it is: its condition keeps others out."
        ),
        "connections_role_step_permissions": (
            "Create the role without permissions, then add an inline policy to it, and paste the permissions policy."
        ),
        "connections_role_step_arn": "Type the role's ARN below. AWS may need a minute until it knows a new role.",
        "connections_trust_policy": "Trust policy",
        "connections_permissions_policy": "Permissions policy",
        "connections_role_until": "The ExternalId is good for one connection until {when}.",
        "connections_connect_button": "Try and connect",
        "connections_cancel": "Cancel",
        "connections_again": "Connect anew",
        "connections_again_explained": (
            "This makes another connection to the same provider. Choose it for the domains when a record is "
            "written next; this one can then be removed."
        ),
        "connections_remove": "Remove the connection",
        "connections_remove_explained": (
            "It is revoked at the provider, where that is possible, and erased here. Its domains stay, without a "
            "connection, and so do the records that were written with it. What still had to be written through it "
            "is not written."
        ),
        "connections_failed": "The provider was not connected. Try again; if it goes on, tell whoever runs dcvd.",
        "connections_failed_declined": "The consent was declined at the provider, so nothing was connected.",
        "connections_failed_scope": (
            "The permission to change DNS records was not given, so nothing was connected. Connect again, and allow it."
        ),
        "connections_failed_quota": (
            "Your organization has as many connections as it may have. Remove one that is not needed."
        ),
        "done_connected": "The provider is connected.",
        "done_connection_removed": "The connection was removed.",
    }
)
"""The templates by their ids."""
