"""What must not leave the machine is taken out of a text."""

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dcvd.core.redaction import Redactor

HEX = "0123456789abcdef" * 4
ID = "org_01m8kr6at5003dpftxb62krvb3"


def redactor(**options: object) -> Redactor:
    settings: dict[str, object] = {
        "secrets": ["hunter2-of-the-mail", "k1\nk2-second-line"],
        "names": ["Acme", "Acme Inc"],
    }
    return Redactor(**(settings | options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("login with hunter2-of-the-mail failed", "hunter2-of-the-mail"),
        ("the key k2-second-line", "k2-second-line"),
        ("token dcv_live_0123456789abcdef0123456789abcdef", "dcv_live_0"),
        ("at /link/dcv_link_0123456789abcdef0123456789abcdef", "dcv_link_0"),
        ("signed by whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8"),
        (f"the old secret {HEX}", HEX),
        ("Authorization: Bearer abc.def-123456", "abc.def"),
        ("authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ('{"password":"p4ss"}', "p4ss"),
        ("api_key = 'abcd'", "abcd"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("a eyJhbGciOi.eyJzdWIi.sig-nature b", "eyJzdWIi"),
        ("x -----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY----- y", "MIIE"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEcutoff", "MIIEcutoff"),
        ("v1.sealed/AbCdEf0123456789AbCdEf0123456789+/==", "AbCdEf0123456789"),
        ("https://user:geheim@hooks.acme.com/x", "geheim"),
        ("https://hooks.slack.com/services/T0/B0/abcdefgh?key=1", "abcdefgh"),
        ("https://api.cloudflare.com/client/v4/zones?token=abcd", "token=abcd"),
        ("Cookie: session=abcdef", "abcdef"),
        ("AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEf", "AbCdEfGh"),
    ],
)
def test_no_secret_is_left(text: str, secret: str) -> None:
    assert secret in text
    for with_names in (True, False):
        assert secret not in redactor(with_names=with_names).redact(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Acme has none", "Acme"),
        ('{"organizationName":"Acme Inc"}', "Inc"),
        ("app.customer.com is late", "customer"),
        ("*.App.Customer.COM. is late", "Customer"),
        ("app.customer.test", "customer"),
        ("münchen.example", "münchen"),
        ("jane.doe@customer.co.uk", "jane"),
        ("mail to jane@localhost", "jane"),
        ("https://hooks.customer.internal:8443/x", "customer"),
        ("wss://customer-host/x", "customer"),
    ],
)
def test_names_have_pseudonyms_unless_they_are_wanted(text: str, name: str) -> None:
    assert name not in redactor().redact(text)
    assert name in redactor(with_names=True).redact(text)


def test_the_same_name_has_the_same_pseudonym_in_every_text() -> None:
    one = redactor()
    assert one.redact("a.customer.com b.customer.com A.customer.com. a@b.com Acme") == (
        "host-1 host-2 host-1 mail-1 name-1"
    )
    assert one.redact("https://b.customer.com/x b.customer.com Acme Inc") == "https://host-2/… host-2 name-2"
    assert one.counts == {"host": 2, "mail": 1, "name": 2}


@pytest.mark.parametrize(
    "text",
    [
        f"{ID} 3f2504e0-4f89-41d3-9a0c-0305e82c3301 dcvd 0.1.0 Python 3.11.7",
        "File /opt/dcvd/lib/python3.11/site-packages/dcvd/cli/main.py, line 5, in dcvd.cli.main",
        "2026-01-15T10:30:00Z 127.0.0.1:8080 [::1]:53 http://127.0.0.1:9/client/v",
        "https://api.cloudflare.com/client/v4/zones cloudflare.com",
        "cname_missing certificate_authorities_refused delivery_settings_of_endpoints",
        "server.listen = [] retention.events = 90d",
        "api_token_file = x",
    ],
)
def test_what_helps_to_find_a_fault_stays(text: str) -> None:
    shown = redactor(words=["server.listen", "retention.events"]).redact(text)
    assert shown == text.replace("/client/v", "/…", 1) if "127.0.0.1:9" in text else text


@given(st.text(max_size=200))
def test_any_text_can_be_redacted_again_and_stays_the_same(text: str) -> None:
    one = redactor()
    once = one.redact(text)
    assert one.redact(once) == once


@given(
    st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", min_size=32, max_size=64),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_a_known_secret_is_found_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor(secrets=[secret], names=[]).redact(f"{before}{secret}{after}")


@given(raw=st.integers(0).map(lambda seed: sha256(str(seed).encode()).digest()))
@example(raw=b64decode("3k+pAT1oWajt/dw5vpvpd0+L/S71vQJNzatNRprb8Kw="))  # no part of it is long
def test_no_secret_in_base64_is_taken_for_a_path(raw: bytes) -> None:
    secret = b64encode(raw).decode()
    assert secret not in Redactor(secrets=[], names=[]).redact(f"KeyError: {secret!r} was not there")
