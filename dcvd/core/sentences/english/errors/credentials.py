"""English: errors about credentials of providers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CREDENTIALS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tsig_algorithm_unknown": "The algorithm of a TSIG key is one of: {known}.",
        "tsig_secret_no_base64": "The secret of the TSIG key is not base64.",
        "tsig_secret_length": "The secret of the TSIG key has {bytes} bytes; {least} to {most} are taken.",
        "role_arn_unusable": (
            "credentials.roleArn is not the ARN of a role, such as arn:aws:iam::123456789012:role/dcvd."
        ),
        "credentials_member_unknown": "A member of credentials is not expected; they are: {known}.",
        "key_with_colon": "key has a colon, which would end it in the header.",
        "token_missing": "token is missing: give token alone, or key and secret.",
        "role_arn_missing": "roleArn is missing: give roleArn and externalId, or accessKeyId and secretAccessKey.",
        "port_beyond": "port is {port}; give a number from 1 to 65535.",
        "dns_name_too_long": "{field} is longer than a name in DNS can be.",
        "value_of_other_form": "{field} is not {expected}.",
        "expected_word": "a word of ASCII characters",
        "expected_external_id": "an ExternalId that dcvd gave",
        "expected_key_id": "the id of an access key",
        "expected_host": "a hostname or an IP address",
        "expected_algorithm": "the name of an algorithm",
        "expected_base64": "the key in base64",
        "expected_dns_name": "a name in DNS",
        "role_open": (
            "{role} can be assumed {how}, so whoever knows its name could use it through dcvd. Add to its trust "
            "policy: {condition}, and connect again."
        ),
        "role_open_to_all": "without any ExternalId",
        "role_open_to_others": "with an ExternalId that is not its own",
        "tsig_name_unusable": "{what} is not a name in DNS.",
    }
)
"""The templates by their ids."""
