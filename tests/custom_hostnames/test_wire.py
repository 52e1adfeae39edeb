"""Cloudflare's answers are read leniently."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.instants import from_rfc3339
from dcvd.custom_hostnames.errors import build_error
from dcvd.custom_hostnames.wire import (
    CloudflareEnvelope,
    CloudflareErrorInfo,
    read_envelope,
    read_hostname,
    read_hostnames,
)
from dcvd.errors import DcvdError, Permanent, Retryable, Unauthorized

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["success", "errors", "result", "result_info", "id", "hostname", "status", "ssl", "certificates",
             "expires_on", "verification_errors", "validation_errors", "message", "code", "total_pages"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=20,
)  # fmt: skip


@given(document=_JSON)
def test_no_answer_whatever_breaks_the_reading(document: object) -> None:
    envelope = read_envelope(msgspec.json.encode(document))
    if envelope is not None:
        read_hostname(envelope.result)
        read_hostnames(envelope.result)
        assert isinstance(build_error("GET", "/x", 400, envelope, None), DcvdError)


@given(body=st.binary(max_size=50))
def test_bytes_that_are_no_json_are_no_envelope_or_one(body: bytes) -> None:
    read_envelope(body)


def test_a_documented_active_hostname_is_read_whole() -> None:
    seen = read_hostname(
        {
            "id": "3537a672-e4d8-4d89-aab9-26cb622918a1",
            "hostname": "App.customer-one.com",
            "status": "active",
            "ssl": {
                "status": "active",
                "certificates": [
                    {
                        "issuer": "GoogleTrustServices",
                        "serial_number": "1234",
                        "signature": "ECDSAWithSHA256",
                        "issued_on": "2026-11-20T09:05:00Z",
                        "expires_on": "2027-02-18T09:04:59.123456Z",
                    }
                ],
            },
        }
    )
    assert seen is not None
    assert seen.hostname == "app.customer-one.com"
    (certificate,) = seen.certificates
    assert certificate.serial == "1234"
    assert certificate.expires_at == from_rfc3339("2027-02-18T09:04:59.123Z")


def test_errors_come_from_both_validations_as_texts_or_objects() -> None:
    seen = read_hostname(
        {
            "id": "x",
            "hostname": "a.b",
            "verification_errors": ["custom hostname does not CNAME to this zone."],
            "ssl": {"status": "pending_validation", "validation_errors": [{"message": "caa_error: a.b"}, None]},
        }
    )
    assert seen is not None
    assert seen.verification_errors == ("custom hostname does not CNAME to this zone.",)
    assert seen.validation_errors == ("caa_error: a.b",)


def test_a_hostname_without_ssl_is_read() -> None:
    seen = read_hostname({"id": "x", "hostname": "a.b", "ssl": None})
    assert seen is not None
    assert (seen.status, seen.ssl_status, seen.certificates) == (None, None, ())


def test_an_uploaded_certificates_expiry_is_taken_where_none_is_listed() -> None:
    seen = read_hostname({"id": "x", "hostname": "a.b", "ssl": {"expires_on": "2027-02-18T09:04:59Z"}})
    assert seen is not None
    assert [c.expires_at for c in seen.certificates] == [from_rfc3339("2027-02-18T09:04:59Z")]


def test_the_bare_answer_of_a_deletion_is_a_success() -> None:
    assert read_envelope(b'{"id":"x"}') == CloudflareEnvelope(True, (), {"id": "x"}, None)


def test_pages_are_counted_where_cloudflare_does_not() -> None:
    envelope = read_envelope(b'{"success":true,"result":[],"result_info":{"total_count":101,"per_page":50}}')
    assert envelope is not None
    assert envelope.total_pages == 3


@pytest.mark.parametrize(
    ("status", "code", "kind", "ours"),
    [
        (400, 1407, Permanent, "hostname_invalid"),
        (409, 1406, Permanent, "hostname_taken"),
        (404, 1436, Permanent, "hostname_not_found"),
        (403, 1405, Retryable, "quota_exceeded"),
        (403, 10000, Unauthorized, "cloudflare_unauthorized"),
        (401, 1001, Unauthorized, "cloudflare_unauthorized"),
        (403, 1414, Permanent, "plan_lacks"),
        (400, 6003, Unauthorized, "cloudflare_unauthorized"),
        (400, 6111, Unauthorized, "cloudflare_unauthorized"),
        (500, 1500, Retryable, "cloudflare_unavailable"),
        (429, None, Retryable, "cloudflare_rate_limited"),
    ],
)
def test_each_refusal_has_its_kind(status: int, code: int | None, kind: type[DcvdError], ours: str) -> None:
    error = build_error(
        "POST", "/x", status, CloudflareEnvelope(False, (CloudflareErrorInfo(code, "said so"),), None, None), None
    )
    assert type(error) is kind
    assert error.code == ours


def test_a_page_that_is_no_json_is_an_outage() -> None:
    assert isinstance(build_error("GET", "/x", 403, read_envelope(b"<html>"), None), Retryable)
