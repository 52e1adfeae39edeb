from collections.abc import Callable
from pathlib import Path

import pytest

from dcvd.config import load
from dcvd.errors import ConfigError

ZONE = "0123456789abcdef0123456789abcdef"
ENVIRON = {"CLOUDFLARE_API_TOKEN": "t0ken", "CLOUDFLARE_ZONE_ID": ZONE, "SAAS_CNAME_TARGET": "edge.example.net"}
"""What satisfies every required key, so that a test's TOML holds only what the test is about."""

Write = Callable[[str], Path]
Problems = Callable[[str], list[str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a TOML file and gives its path."""

    def write_toml(content: str) -> Path:
        path = tmp_path / "dcvd.toml"
        path.write_text(content, encoding="utf-8")
        return path

    return write_toml


@pytest.fixture
def problems(write: Write) -> Problems:
    """The problems of a TOML that is wrong."""

    def problems_of(content: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(write(content), ENVIRON)
        return caught.value.problems

    return problems_of
