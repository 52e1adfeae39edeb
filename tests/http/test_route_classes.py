"""Routes have few classes, whatever is in the path."""

import pytest

from dcvd.api.app import Api
from dcvd.http.route_classes import classify_route, classify_status


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("/api/domains", "domains"),
        ("/api/domains/{domain_id}/diagnosis", "domains"),
        ("/operator/renewals", "operator_renewals"),
        ("/operator/organizations", "operator_organizations"),
        ("/operator/organizations/{id_or_name}", "operator_organizations"),
        ("/operator/organizations/{id_or_name}/tokens/{token_id}", "operator_tokens"),
        ("/health", "health"),
        ("/metrics", "metrics"),
        ("/oauth/callback/{provider}", "oauth"),
        ("/", "unknown"),
        ("/{anything}", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_class_is_the_subject_of_a_template(template: str | None, expected: str) -> None:
    assert classify_route(template) == expected


def test_all_routes_together_have_few_classes(app: Api) -> None:
    classes = {classify_route(route.path_format) for route in app.routes}
    assert 20 < len(classes) < 60
    assert not any("{" in each or "/" in each for each in classes)


@pytest.mark.parametrize(
    ("status", "expected"), [(None, "none"), (200, "2xx"), (204, "2xx"), (404, "4xx"), (503, "5xx")]
)
def test_a_status_has_a_class(status: int | None, expected: str) -> None:
    assert classify_status(status) == expected
