from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dcvd.core.webhooks.signing import to_standard_secret
from tests.docs.receivers import LANGUAGES, Language, RunningReceiver, build, running
from tests.docs.signed_deliveries import OLD


@pytest.fixture(scope="session", params=LANGUAGES, ids=lambda language: language.name)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Language, Path]:
    """A receiver that was compiled once."""
    language: Language = request.param
    return language, build(language, tmp_path_factory.mktemp("receiver"))


@pytest.fixture(params=["standard", "dcvaas"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Which of the two signatures the receiver verifies."""
    return str(request.param)


@pytest.fixture
async def receiver(
    built: tuple[Language, Path], scheme: str, unused_tcp_port: int, tmp_path: Path
) -> AsyncIterator[RunningReceiver]:
    """The receiver at work with the secret OLD."""
    secret = to_standard_secret(OLD) if scheme == "standard" else OLD
    async with running(*built, secret, unused_tcp_port, tmp_path) as started:
        yield started
