"""Which hostname a notification of Cloudflare's is about, in every shape that is documented, and in any other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.custom_hostnames.notifications import CloudflareNotification, read_notification

EVENT: dict[str, Any] = {
    "metadata": {
        "event": {
            "id": "5a90bfb1",
            "type": "ssl.custom_hostname_certificate.issuance.succeeded",
            "created_at": "2026-11-23T10:00:00Z",
        },
        "account": {"id": "a" * 32},
        "zone": {"id": "b" * 32},
    },
    "data": {
        "id": "3537a672-e4d8-4d89-aab9-26cb622918a1",
        "hostname": "App.Customer.com.",
        "ssl": {"id": "0d89c70d", "status": "active"},
        "custom_metadata": {},
    },
}
SAID = CloudflareNotification(
    event_id="5a90bfb1",
    type="ssl.custom_hostname_certificate.issuance.succeeded",
    zone_id="b" * 32,
    hostname_id="3537a672-e4d8-4d89-aab9-26cb622918a1",
    hostname="app.customer.com",
)


@pytest.mark.parametrize(
    "payload",
    [EVENT, {"name": "x", "text": "y", "ts": 1, "alert_type": "custom_ssl_certificate_event_type", "data": EVENT}],
    ids=["at the top", "below data"],
)
def test_both_shapes_say_the_same(payload: dict[str, Any]) -> None:
    assert read_notification(payload) == SAID
    assert SAID.is_about_a_hostname


def test_a_hostname_without_the_event_is_taken_with_the_generic_ids() -> None:
    payload = {"data": EVENT["data"], "alert_correlation_id": "c1", "alert_event": "ALERT_STATE_EVENT_START"}
    found = read_notification(payload)
    assert (found.event_id, found.hostname, found.zone_id) == ("c1", "app.customer.com", None)


@pytest.mark.parametrize(
    "payload",
    [
        {"text": "Hello World! This is a test message sent from https://cloudflare.com."},
        EVENT | {"data": {"ssl": {"id": "0d89c70d"}}},
        EVENT | {"data": None},
        {},
        [],
        None,
        "text",
        {"data": [EVENT]},
    ],
)
def test_a_test_and_an_event_of_a_superseded_certificate_are_about_no_hostname(payload: object) -> None:
    assert not read_notification(payload).is_about_a_hostname


@pytest.mark.parametrize("value", ["", "a" * 300, "app\ncustomer.com", "bücher.de", 7, None, ["app.customer.com"], {}])
def test_what_cannot_be_a_hostname_or_an_id_is_none(value: Any) -> None:
    found = read_notification(EVENT | {"data": {"id": value, "hostname": value}})
    assert (found.hostname_id, found.hostname) == (None, None)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["metadata", "data", "event", "zone", "id", "type", "hostname", "x"]), inner)
    ),
    max_leaves=12,
)


@given(payload=values)
def test_anything_is_read_and_what_is_told_is_short_and_printable(payload: object) -> None:
    found = read_notification(payload)
    for text in (found.event_id, found.type, found.zone_id, found.hostname_id, found.hostname):
        assert text is None or (len(text) <= 253 and text.isprintable())
