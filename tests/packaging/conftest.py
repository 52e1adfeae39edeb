"""What `.ci/check package` has made, named by the environment; it needs an index of packages, as tests may not."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _named(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"{variable} is not set: .ci/check package makes what it names")
    return Path(value)


@pytest.fixture
def wheel() -> Path:
    """The wheel that `python -m build` made of this tree."""
    (found,) = _named("DCVD_DIST").glob("*.whl")
    return found


@pytest.fixture
def sdist() -> Path:
    (found,) = _named("DCVD_DIST").glob("*.tar.gz")
    return found


@pytest.fixture
def installed() -> Path:
    """An environment, outside of the tree, in which pip has installed that wheel."""
    return _named("DCVD_INSTALLED")


@pytest.fixture
def hadolint() -> Path:
    """A linter of Dockerfiles."""
    return _named("DCVD_HADOLINT")
