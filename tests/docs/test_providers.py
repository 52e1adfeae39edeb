"""Each provider has its row wherever the docs list them."""

import re
from typing import get_args

from dcvd.core.connections.connection import Provider
from dcvd.http.given_credentials import GivenCredentials
from tests.docs.markdown import ROOT, read_page

PROVIDERS = [provider.value for provider in Provider]


def test_the_page_of_the_api_says_how_to_connect_to_each() -> None:
    cells = [cell for _, cell in read_page(ROOT / "docs" / "api.md").cells]
    assert [provider for provider in PROVIDERS if f"`{provider}`" not in cells] == []


def test_the_page_of_operations_says_what_to_set_up_for_each() -> None:
    text = "\n".join(cell for _, cell in read_page(ROOT / "docs" / "operations.md").cells)
    named = set(re.findall(r"`\[(?:oauth|providers)\.(\w+)\]`", text))
    assert [provider for provider in PROVIDERS if provider not in named] == []


def test_the_schema_says_which_credentials_each_takes() -> None:
    _, about = get_args(GivenCredentials)
    assert re.findall(r"(?:^|\. )(\w+): `\{", about.description) == PROVIDERS
