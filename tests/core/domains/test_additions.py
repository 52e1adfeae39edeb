"""What can be asked for a new domain."""

import pytest

from dcvd.core.domains.additions import DomainRequest, ValidatedDomain, validate_request
from dcvd.core.domains.domain import ValidationMethod
from dcvd.errors import InvalidInput


def _checked(wish: DomainRequest) -> ValidatedDomain:
    return validate_request(wish, target="{token}.edge.example.net", allowed_tlds=())


@pytest.mark.parametrize(
    ("validation", "wildcard", "becomes"),
    [(None, False, "http"), ("http", False, "http"), ("delegated", False, "delegated"), (None, True, "delegated"),
     ("delegated", True, "delegated")],
)  # fmt: skip
def test_a_wildcard_is_delegated_and_all_else_as_it_was_asked(
    validation: ValidationMethod | None, wildcard: bool, becomes: ValidationMethod
) -> None:
    addition = _checked(DomainRequest(domain_name="App.Customer.com.", validation=validation, wildcard=wildcard))
    assert addition == ValidatedDomain(name="app.customer.com", validation=becomes, wildcard=wildcard)


def test_a_wildcard_by_http_is_refused_and_the_member_named() -> None:
    with pytest.raises(InvalidInput, match="by delegation only") as caught:
        _checked(DomainRequest(domain_name="app.customer.com", validation="http", wildcard=True))
    assert caught.value.field == "validation"


@pytest.mark.parametrize("name", ["edge.example.net", "abc.EDGE.example.net."])
def test_the_services_own_names_are_nobodys_domain(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"belongs to this service itself: .* to edge\.example\.net") as caught:
        _checked(DomainRequest(domain_name=name))
    assert caught.value.field == "domainName"
