"""The values of records in the one form in which they are compared."""

import pytest

from dcvd.core.records.zones import normalize_value


@pytest.mark.parametrize(
    ("kind", "given", "normal"),
    [
        ("CNAME", "Edge.SaaS.net.", "edge.saas.net"),
        ("CNAME", "edge.münchen.de", "edge.xn--mnchen-3ya.de"),
        ("MX", "10 MX.München.de.", "10 mx.xn--mnchen-3ya.de"),
        ("MX", "0 .", "0 ."),
        ("TXT", "München. ", "München. "),
        ("A", "192.0.2.1", "192.0.2.1"),
    ],
)
def test_a_host_in_a_value_is_in_a_labels_and_without_its_final_dot(kind: str, given: str, normal: str) -> None:
    assert normalize_value(kind, given) == normal
