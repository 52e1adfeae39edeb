"""An organization and what it needs."""

import pytest

from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.store.organizations import Organization


@pytest.fixture
async def organization(context: Context) -> Organization:
    """A tenant."""
    return await organizations.create(context, "Acme")


@pytest.fixture
async def rival(context: Context) -> Organization:
    """Another tenant, hostile by assumption."""
    return await organizations.create(context, "Rival")
