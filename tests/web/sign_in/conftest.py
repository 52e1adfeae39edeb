"""A browser that is not signed in."""

import pytest

from tests.served_app.client import Client
from tests.web.sign_in.browser import Browser


@pytest.fixture
def browser(anybody: Client) -> Browser:
    return Browser(anybody)
