"""Signatures: AWS's own examples, and whatever botocore signs."""

import json
import random
import string
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from dcvd.core.secret import Secret
from dcvd.providers.route53.sigv4 import CredentialScope, SigningKeys, sign_headers
from tests.providers.route53.oracle import oracle_python

AT = int(datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()) * 1000
KEYS = SigningKeys(access_key_id="AKIDEXAMPLE", secret_access_key=Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
UNRESERVED = f"-._~{string.digits}{string.ascii_uppercase}{string.ascii_lowercase}"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "signature"),
    [
        ("GET", "/", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", "/?Param2=value2&Param1=value1", {}, b"",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        ("GET", f"/?{UNRESERVED}={UNRESERVED}", {}, b"",
         "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
        ("GET", f"/{UNRESERVED}", {}, b"", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        ("GET", "/", {"My-Header1": " value1", "My-Header2": ' "a   b   c"'}, b"",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        ("POST", "/", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("POST", "/", {"Content-Type": FORM}, b"Param1=value1",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ],
)  # fmt: skip
def test_aws_own_examples_are_signed_as_aws_says(
    method: str, target: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    sent = sign_headers(
        KEYS,
        method,
        f"https://example.amazonaws.com{target}",
        headers,
        body,
        CredentialScope("us-east-1", "service"),
        AT,
    )
    assert sent["Authorization"].rpartition("Signature=")[2] == signature
    assert sent["X-Amz-Date"] == "20150830T123600Z"
    assert headers.items() <= sent.items()


def test_what_is_encoded_in_a_path_is_encoded_twice_when_it_is_signed() -> None:
    url = "https://example.amazonaws.com/a%20b/%E1%88%B4?x=%20"
    sent = sign_headers(KEYS, "GET", url, {}, b"", CredentialScope("us-east-1", "service"), AT)
    # As botocore 1.44.8 has it; AWS's own examples are of a service that encodes once.
    assert sent["Authorization"].endswith("4ee129a29a37281bcdf5d58b05596b184261a456dd4e06d6bf11b9b6ae46cda4")


def test_a_session_token_is_sent_and_signed() -> None:
    keys = SigningKeys(
        access_key_id=KEYS.access_key_id, secret_access_key=KEYS.secret_access_key, session_token=Secret("tok-SECRET")
    )
    sent = sign_headers(
        keys, "POST", "https://example.amazonaws.com/", {}, b"", CredentialScope("us-east-1", "service"), AT
    )
    assert sent["X-Amz-Security-Token"] == "tok-SECRET"
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token," in sent["Authorization"]


def test_botocore_signs_a_thousand_requests_likewise() -> None:
    source = random.Random(53)
    asked = [_request(source) for _ in range(1000)]
    script = Path(__file__).with_name("botocore_process.py")
    done = subprocess.run(
        [oracle_python("botocore"), str(script)],
        input="\n".join(map(json.dumps, asked)),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for request, theirs in zip(asked, done.stdout.splitlines(), strict=True):
        assert _ours(request) == theirs, request


def _ours(request: dict[str, Any]) -> str:
    token = request["token"]
    keys = SigningKeys(
        access_key_id=request["key"],
        secret_access_key=Secret(request["secret"]),
        session_token=None if token is None else Secret(token),
    )
    scope = CredentialScope(request["region"], request["service"])
    body = bytes.fromhex(request["body"])
    return sign_headers(keys, request["method"], request["url"], request["headers"], body, scope, request["at"])[
        "Authorization"
    ]


def _request(source: random.Random) -> dict[str, Any]:
    def word(letters: str, most: int) -> str:
        return "".join(source.choices(letters, k=source.randint(1, most)))

    def encoded(most: int) -> str:
        return quote(word(string.printable + "äß☃", most), safe="")

    # A segment of dots alone is another path to botocore; none is in a call of ours.
    segments = [f"s{encoded(8)}" for _ in range(source.randint(0, 4))]
    query = "&".join(f"{encoded(6)}={encoded(10)}" for _ in range(source.randint(0, 5)))
    port = source.choice(["", "", ":443", ":80", ":8443"])
    base = f"{source.choice(['http', 'https'])}://{word(string.ascii_lowercase, 9)}.example{port}"
    headers = {
        f"X-{number}{word(string.ascii_letters, 9)}": word(string.ascii_letters + "  ;=,", 30) for number in range(3)
    }
    if source.random() < 0.5:
        headers["Content-Type"] = FORM
    return {
        "method": source.choice(["GET", "POST", "PUT", "DELETE"]),
        "url": f"{base}/{'/'.join(segments)}{'?' + query if query else ''}",
        "headers": headers,
        "body": source.randbytes(source.randint(0, 60)).hex(),
        "key": word(string.ascii_uppercase + string.digits, 20),
        "secret": word(string.ascii_letters + "+/", 40),
        "token": word(string.ascii_letters + "+/= ", 300) if source.random() < 0.5 else None,
        "region": source.choice(["us-east-1", "eu-central-1"]),
        "service": source.choice(["sts", "route53", "iam"]),
        "at": source.randint(0, 4_000_000_000_000),
    }
