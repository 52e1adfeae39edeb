from typing import Any

import pytest

from dcvd.api.app import Api
from dcvd.api.openapi.document import build_document


@pytest.fixture(scope="session")
def document(built_app: Api) -> dict[str, Any]:
    """The document, as it is before it is encoded."""
    return build_document(built_app)
