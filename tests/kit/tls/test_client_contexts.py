"""TLS contexts of client certificates are built once, off the loop, and kept for each owner."""

import asyncio
import ssl
import threading
from collections import Counter

import pytest

from dcvd.core.http.client_certificates import ClientCredentials
from dcvd.core.secret import Secret
from dcvd.kit.tls.client_contexts import ClientContexts
from tests.waiting import until


class Builder:
    """Builds contexts on threads, as long as the test lets it, and counts."""

    def __init__(self) -> None:
        self.built = Counter[str]()
        self.threads: set[str] = set()
        self.running = 0
        self.most_running = 0
        self.may_end = threading.Event()
        self.may_end.set()
        self._lock = threading.Lock()

    def __call__(self, credentials: ClientCredentials) -> ssl.SSLContext:
        with self._lock:
            self.built[credentials.digest] += 1
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self.threads.add(threading.current_thread().name)
        try:
            assert self.may_end.wait(30)
            if credentials.digest.startswith("bad"):
                raise ssl.SSLError("unusable")
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        finally:
            with self._lock:
                self.running -= 1


def credentials(digest: str) -> ClientCredentials:
    return ClientCredentials(pem=Secret(digest), digest=digest)


async def test_a_context_is_built_once_however_many_wait_for_it_and_not_on_the_loop() -> None:
    builder = Builder()
    contexts = ClientContexts(builder)
    found = await asyncio.gather(*(contexts.find(credentials("one"), "org_a") for _ in range(20)))
    assert len(set(map(id, found))) == 1
    assert builder.built == {"one": 1}
    assert threading.main_thread().name not in builder.threads


async def test_who_gives_up_leaves_the_context_to_the_others() -> None:
    builder = Builder()
    builder.may_end.clear()
    contexts = ClientContexts(builder)
    finding = [asyncio.create_task(contexts.find(credentials("one"), "org_a")) for _ in range(2)]
    await until(lambda: _has_begun(builder, 1))
    finding[0].cancel()
    builder.may_end.set()
    assert await finding[1] is await contexts.find(credentials("one"), "org_a")
    assert builder.built == {"one": 1}


async def test_bad_credentials_are_refused_each_time() -> None:
    contexts = ClientContexts(Builder())
    for _ in range(2):
        with pytest.raises(ssl.SSLError):
            await contexts.find(credentials("bad"), "org_a")


async def test_an_owner_with_many_certificates_makes_nobody_else_wait_and_nothing_of_others_forgotten() -> None:
    builder = Builder()
    contexts = ClientContexts(builder)
    kept = await contexts.find(credentials("kept"), "org_b")
    builder.may_end.clear()
    many = [asyncio.create_task(contexts.find(credentials(f"many{number}"), "org_a")) for number in range(100)]
    other = asyncio.create_task(contexts.find(credentials("other"), "org_b"))
    await until(lambda: _has_begun(builder, 3))  # that of before, one of many, and the other's
    assert builder.built["other"] == 1
    builder.may_end.set()
    await asyncio.gather(*many, other)
    assert builder.most_running == 2
    assert await contexts.find(credentials("kept"), "org_b") is kept
    assert builder.built["kept"] == 1


async def test_the_contexts_that_are_kept_are_few() -> None:
    builder = Builder()
    contexts = ClientContexts(builder)
    for _ in range(2):
        for owner in range(70):
            await contexts.find(credentials(f"of{owner}"), f"org_{owner}")
    assert set(builder.built.values()) == {2}  # the seventieth had the first forgotten, and so on
    for number in range(9):
        await contexts.find(credentials(f"own{number}"), "org_a")
    await contexts.find(credentials("own8"), "org_a")
    await contexts.find(credentials("own0"), "org_a")
    assert (builder.built["own8"], builder.built["own0"]) == (1, 2)


async def _has_begun(builder: Builder, count: int) -> bool:
    return sum(builder.built.values()) >= count
