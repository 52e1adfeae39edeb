"""A command that finds no daemon serves the API to itself, with the same routes."""

import pytest

from dcvd.api.domains.view import DomainList
from dcvd.api.webhooks.view import WebhookAnswer
from dcvd.cli.operations import Operations, find_organization
from dcvd.errors import DcvdError
from tests.cli.processes import House


def test_it_reads_and_changes_what_tenants_do(house: House) -> None:
    async def work(operations: Operations) -> list[str]:
        organization = await operations.create_organization("Acme")
        root = f"/operator/organizations/{organization.id}/api"
        await operations.exchange("POST", f"{root}/domains", body={"domainName": "app.customer.com"})
        pages = await operations.list_pages(f"{root}/domains", DomainList)
        return [domain.domain_name for page in pages for domain in page.domains]

    assert house.given(work) == ["app.customer.com"]
    assert house.given(lambda operations: find_organization(operations, "Acme")).name == "Acme"


def test_what_needs_a_stored_secret_needs_the_daemon_and_changes_nothing(house: House) -> None:
    async def create_endpoint(operations: Operations) -> WebhookAnswer:
        organization = await operations.create_organization("Acme")
        path = f"/operator/organizations/{organization.id}/api/webhooks"
        body = {"url": "https://hooks.customer.com/", "events": ["*"]}
        return await operations.call("POST", path, WebhookAnswer, body=body)

    with pytest.raises(DcvdError, match="the daemon alone opens the vault") as caught:
        house.given(create_endpoint)
    assert caught.value.code == "daemon_needed"


def test_it_leaves_no_file_behind(house: House) -> None:
    house.given_a_database()
    names = sorted(path.name for path in house.config.parent.iterdir())
    assert names == ["dcvd.db", "dcvd.db.lock", "dcvd.toml"]
