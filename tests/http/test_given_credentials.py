"""Credentials as tenants give them."""

from typing import Any, Final

import pytest

from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import ApiToken, AwsKeys, AwsRole, Credentials, KeyPair, TsigKey
from dcvd.core.secret import Secret
from dcvd.errors import InvalidInput
from dcvd.http.given_credentials import read_credentials
from tests.leaks import MARK
from tests.marked import marked

_ARN: Final = "arn:aws:iam::123456789012:role/dcvd"
_TSIG: Final = {
    "server": "ns1.customer.com",
    "zone": "Customer.com.",
    "keyName": "dcvd",
    "secret": "c2VjcmV0c2VjcmV0c2VjcmV0",
}


@pytest.mark.parametrize(
    ("provider", "given", "expected"),
    [
        (Provider.CLOUDFLARE, {"apiToken": marked("x")}, ApiToken(token=Secret(marked("x")))),
        (Provider.GODADDY, {"token": marked("x")}, ApiToken(token=Secret(marked("x")))),
        (Provider.GODADDY, {"key": "k", "secret": marked("x")}, KeyPair(key="k", secret=Secret(marked("x")))),
        (Provider.ROUTE53, {"roleArn": _ARN, "externalId": "dcvd-1"}, AwsRole(role_arn=_ARN, external_id="dcvd-1")),
        (
            Provider.ROUTE53,
            {"accessKeyId": "AKIA1234567890123456", "secretAccessKey": marked("x")},
            AwsKeys(access_key_id="AKIA1234567890123456", secret_access_key=Secret(marked("x"))),
        ),
        (
            Provider.OTHER,
            _TSIG,
            TsigKey(server="ns1.customer.com", zone="customer.com", key_name="dcvd", secret=Secret(_TSIG["secret"])),
        ),
        (
            Provider.OTHER,
            _TSIG | {"server": "2001:db8::1", "port": 5353, "algorithm": "HMAC-SHA512."},
            TsigKey(
                server="2001:db8::1",
                port=5353,
                zone="customer.com",
                key_name="dcvd",
                algorithm="hmac-sha512",
                secret=Secret(_TSIG["secret"]),
            ),
        ),
    ],
)
def test_each_form_of_credentials_is_taken(provider: Provider, given: dict[str, Any], expected: Credentials) -> None:
    assert read_credentials(provider, given) == expected


@pytest.mark.parametrize(
    ("provider", "given", "code", "field"),
    [
        (Provider.CLOUDFLARE, {}, "invalid_input", "credentials.apiToken"),
        (Provider.CLOUDFLARE, {"apiToken": 5}, "invalid_input", "credentials.apiToken"),
        (Provider.CLOUDFLARE, {"apiToken": ""}, "invalid_input", "credentials.apiToken"),
        (Provider.CLOUDFLARE, {"apiToken": f"{marked('x')}\r\nX-Evil: 1"}, "invalid_input", "credentials.apiToken"),
        (Provider.CLOUDFLARE, {"apiToken": [marked("x")]}, "invalid_input", "credentials.apiToken"),
        (Provider.CLOUDFLARE, {marked("x"): "apiToken"}, "unknown_field", "credentials"),
        (Provider.CLOUDFLARE, {"token": marked("x")}, "unknown_field", "credentials"),
        (Provider.GODADDY, {"apiToken": marked("x")}, "unknown_field", "credentials"),
        (Provider.GODADDY, {"key": marked("x")}, "invalid_input", "credentials.token"),
        (Provider.GODADDY, {"token": marked("x"), "key": "k", "secret": "s"}, "invalid_input", "credentials.token"),
        (Provider.GODADDY, {"key": "k:", "secret": marked("x")}, "invalid_input", "credentials.key"),
        (Provider.GODADDY, {"key": "k", "secret": f" {marked('x')}"}, "invalid_input", "credentials.secret"),
        (Provider.ROUTE53, {"roleArn": "arn:aws:iam::123456789012:role/dcvd"}, "invalid_input", "credentials.roleArn"),
        (Provider.ROUTE53, {"roleArn": marked("x"), "externalId": "x"}, "bad_role_arn", "credentials.roleArn"),
        (
            Provider.ROUTE53,
            {"accessKeyId": marked("x"), "secretAccessKey": "x"},
            "invalid_input",
            "credentials.accessKeyId",
        ),
        (Provider.OTHER, {}, "invalid_input", "credentials.server"),
        (Provider.OTHER, _TSIG | {"port": 0}, "invalid_input", "credentials.port"),
        (Provider.OTHER, _TSIG | {"port": "53"}, "invalid_input", "credentials.port"),
        (Provider.OTHER, _TSIG | {"server": f"http://{marked('x')}/"}, "invalid_input", "credentials.server"),
        (Provider.OTHER, _TSIG | {"zone": "a..b"}, "invalid_input", "credentials.zone"),
        (Provider.OTHER, _TSIG | {"keyName": marked("x") + "\n"}, "invalid_input", "credentials.keyName"),
        (Provider.OTHER, _TSIG | {"secret": marked("x")}, "invalid_input", "credentials.secret"),
    ],
)
def test_what_is_of_a_wrong_form_is_named_and_never_quoted(
    provider: Provider, given: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_credentials(provider, given)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert MARK not in repr([refused.value, refused.value.__cause__, refused.value.__context__])


def test_a_name_in_dns_has_253_characters_beside_its_final_dot() -> None:
    longest = ".".join(["a" * 62, *["b" * 63] * 2, "c" * 62])
    assert len(longest) == 253
    credentials = read_credentials(Provider.OTHER, _TSIG | {"zone": f"{longest}."})
    assert isinstance(credentials, TsigKey)
    assert credentials.zone == longest
    with pytest.raises(InvalidInput, match="longer than a name in DNS can be"):
        read_credentials(Provider.OTHER, _TSIG | {"zone": f"a{longest}"})
