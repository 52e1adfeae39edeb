"""German: errors about credentials of providers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CREDENTIALS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tsig_algorithm_unknown": "Das Verfahren eines TSIG-Schlüssels ist eines von: {known}.",
        "tsig_secret_no_base64": "Das Geheimnis des TSIG-Schlüssels ist kein Base64.",
        "tsig_secret_length": "Das Geheimnis des TSIG-Schlüssels hat {bytes} Bytes; es dürfen {least} bis {most} sein.",
        "role_arn_unusable": (
            "credentials.roleArn ist nicht der ARN einer Rolle wie arn:aws:iam::123456789012:role/dcvd."
        ),
        "credentials_member_unknown": "Eine Angabe der Zugangsdaten ist nicht vorgesehen; möglich sind: {known}.",
        "key_with_colon": "Der Schlüssel hat einen Doppelpunkt, der ihn im Header beenden würde.",
        "token_missing": "Das Token fehlt: Geben Sie nur token an, oder key und secret.",
        "role_arn_missing": "roleArn fehlt: Geben Sie roleArn und externalId an, oder accessKeyId und secretAccessKey.",
        "port_beyond": "Der Port ist {port}; geben Sie eine Zahl von 1 bis 65535 an.",
        "dns_name_too_long": "{field} ist länger, als ein Name im DNS sein kann.",
        "value_of_other_form": "{field} ist nicht {expected}.",
        "expected_word": "ein Wort aus ASCII-Zeichen",
        "expected_external_id": "eine ExternalId, die dcvd gegeben hat",
        "expected_key_id": "die Id eines Zugangsschlüssels",
        "expected_host": "ein Hostname oder eine IP-Adresse",
        "expected_algorithm": "der Name eines Verfahrens",
        "expected_base64": "der Schlüssel in Base64",
        "expected_dns_name": "ein Name im DNS",
        "role_open": (
            "{role} kann {how} angenommen werden, also könnte jeder, der ihren Namen kennt, sie über dcvd benutzen. "
            "Ergänzen Sie ihre Vertrauensrichtlinie um {condition}, und verbinden Sie noch einmal."
        ),
        "role_open_to_all": "ohne ExternalId",
        "role_open_to_others": "mit einer ExternalId, die nicht ihre ist",
        "tsig_name_unusable": "{what} ist kein Name im DNS.",
    }
)
"""The templates by their ids."""
