"""SIGHUP: what the file calls `(reload)` takes effect in what the daemon does, all else is said to need a restart."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio

from dcvd.config import Config
from dcvd.config.key_annotations import keys, sections
from dcvd.core.instants import HOUR
from dcvd.core.oidc.people import VerifiedPerson
from dcvd.core.operators import ProcessUser
from dcvd.core.sign_in_links import SignInLink, mint_sign_in_code
from dcvd.core.tokens.token import hash_token
from dcvd.errors import ConfigError
from dcvd.services.sessions import member_sign_in
from dcvd.services.sessions.beginning import Browser, begin_for_operator
from dcvd.store import sessions, sign_in_links
from dcvd.store.engine.transactions import Topic
from tests.daemon.reload import (
    alert_cases as alert_cases,
)
from tests.daemon.reload import (
    delivery_cases as delivery_cases,
)
from tests.daemon.reload import (
    domain_cases as domain_cases,
)
from tests.daemon.reload import (
    limit_cases as limit_cases,
)
from tests.daemon.reload import (
    oauth_cases as oauth_cases,
)
from tests.daemon.reload import (
    oidc_cases as oidc_cases,
)
from tests.daemon.reload import (
    provider_cases as provider_cases,
)
from tests.daemon.reload import (
    rate_cases as rate_cases,
)
from tests.daemon.reload import (
    server_cases as server_cases,
)
from tests.daemon.reload import (
    system_cases as system_cases,
)
from tests.daemon.reload import (
    web_cases as web_cases,
)
from tests.daemon.reload.cases import CASES
from tests.daemon.reload.place import Place, opened
from tests.web.sign_in.oidc.issuer import ADDRESS
from tests.web.sign_in.oidc.place import add_member

_DECLARED: Final = {
    f"{name}.{key}": declaration.reload
    for name, section in sections(Config).items()
    for key, declaration in keys(section).items()
}
OIDC: Final = {
    "server.public_url": '"https://dcv.example.net"',
    "web.oidc.issuer": '"https://id.example.net"',
    "web.oidc.client_id": '"client"',
    "web.oidc.auth_method": '"none"',
}
RELOADABLE: Final = [key for key, reload in _DECLARED.items() if reload]
NEEDS_RESTART: Final = {
    "server.listen": '["127.0.0.1:1"]',
    "server.socket": '"other.sock"',
    "server.socket_mode": '"0600"',
    "server.metrics_listen": '"127.0.0.1:1"',
    "server.public_url": '"https://dcv.example.net"',
    "server.hosts": '["dcv.example.net"]',
    "server.cors_origins": '["https://app.example.net"]',
    "server.trusted_proxies": '["10.0.0.0/8"]',
    "server.max_connections": "99",
    "server.max_connections_per_address": "9",
    "server.max_requests_per_address": "9",
    "server.request_body_limit": '"2MiB"',
    "server.head_timeout": '"3s"',
    "server.keep_alive": '"3s"',
    "database.path": '"other.db"',
    "database.readers": "5",
    "database.lock_wait": '"1s"',
    "database.upgrade_copy": "false",
    "database.litestream": "true",
    "cloudflare.base_url": '"https://api.example"',
    "cloudflare.zone_id": '"0123456789abcdef0123456789abcdef"',
    "cloudflare.cname_target": '"other.sandbox.test"',
    "dns.resolvers": '["127.0.0.1:1"]',
    "dns.authoritative": "true",
    "dns.stub_zones": '{ "corp.example" = ["127.0.0.1:1"] }',
    "dns.timeout": '"1s"',
    "dns.concurrency": "7",
    "sync.concurrency": "7",
    "jobs.concurrency": "7",
    "webhooks.concurrency": "7",
    "mail.concurrency": "7",
    "tracing.otlp_endpoint": '"http://127.0.0.1:4318"',
    "tracing.otlp_headers_file": '"otlp"',
    "tracing.sample_ratio": "0.5",
    "webhooks.allow_http": "false",
    "webhooks.allow_private": "[]",
    "webhooks.ports": "[8443]",
    "webhooks.deny": "[]",
    "webhooks.nat64_prefix": '"fd00:64::/96"',
    "webhooks.proxy": '"http://127.0.0.1:3128"',
    "webhooks.proxy_credentials_file": '"proxy"',
    "vault.key_file": '"other-key"',
    "vault.old_key_files": '["old-key"]',
    "limits.body_bytes_per_organization": '"1MiB"',
    "limits.body_bytes": '"2MiB"',
    "providers.allow_private": '["10.0.0.0/8"]',
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """One daemon for all cases."""
    async with opened(tmp_path_factory.mktemp("reload")) as place:
        yield place


@pytest.fixture
def place(running: Place) -> Place:
    """The daemon as it was started."""
    running.reset()
    return running


async def test_each_key_is_either_observed_or_needs_a_restart() -> None:
    assert CASES.keys() == set(RELOADABLE), "a reloadable key needs a @case in a file of this folder, and no other does"
    restart_keys = _DECLARED.keys() - set(RELOADABLE)
    assert NEEDS_RESTART.keys() == restart_keys, "every other key needs a row in NEEDS_RESTART"


@pytest.mark.parametrize("key", RELOADABLE)
@pytest.mark.sampled(6)
async def test_a_new_value_takes_effect(place: Place, key: str) -> None:
    await CASES[key](place)


@pytest.mark.parametrize("key", NEEDS_RESTART)
async def test_a_new_value_needs_a_restart(place: Place, key: str) -> None:
    before = place.context.config
    changes = place.reload_all({key: NEEDS_RESTART[key]})
    assert key in changes.needs_restart
    assert changes.reloadable == []
    assert place.context.config == before


async def test_an_operator_that_does_not_exist_changes_nothing(place: Place) -> None:
    before = place.context.config
    with pytest.raises(ConfigError, match="nobody-of-that-name"):
        place.reload_all({"server.operators": '["nobody-of-that-name"]', "sync.tick": '"7s"'})
    assert place.context.config == before


async def test_where_groups_give_other_roles_sessions_go_on_with_them_and_open_requests_end(place: Place) -> None:
    base = {**OIDC, "web.oidc.role_claim": '"groups"', "web.oidc.roles": '{"staff" = "owner", "all" = "member"}'}
    await place.daemon.complete_reload(place.reload_all(base))
    context, org_id = place.context, await place.new_organization()
    member_id = await add_member(context, org_id, f"mem_{org_id}", address=ADDRESS)
    issuer, ids, announced = context.config.web_oidc.issuer, [], list[str]()
    for group in ("staff", "all"):
        person = VerifiedPerson(issuer=issuer, address=ADDRESS, role_group=group)
        begun = await member_sign_in.begin(context, person, member_id, Browser())
        assert begun is not None
        ids.append(begun.session.id)
    context.database.subscribe(Topic.RIGHTS, announced.append)
    await place.daemon.complete_reload(place.reload_all({**base, "web.oidc.name": '"Another"'}))
    assert announced == []
    await place.daemon.complete_reload(place.reload_all({**base, "web.oidc.roles": '{"staff" = "admin"}'}))
    assert sorted({key.strip() for key in announced}) == sorted(ids)
    left = await context.database.read(lambda snapshot: sessions.list_of_holder(snapshot, member_id))
    assert [session.id for session in left] == ids[:1]


async def test_the_sessions_of_those_who_are_operators_no_more_end_for_good(place: Place) -> None:
    context, former_uid = place.context, 61_234
    place.reload(server__operators=f"[{former_uid}]")
    link = SignInLink(
        operator=ProcessUser(uid=former_uid, gid=former_uid), created_at=context.now(), expires_at=context.now() + HOUR
    )
    code = mint_sign_in_code(context.random_bytes).reveal()
    await context.database.write(lambda tx: sign_in_links.insert(tx, link, hash_token(code)))
    assert await begin_for_operator(context, code, place.daemon.services.operators.value, Browser()) is not None
    for changes, left in (({"server.operators": f"[{former_uid}]"}, 1), ({}, 0)):
        await place.daemon.complete_reload(place.reload_all(changes))
        assert len(await context.database.read(sessions.list_of_operators)) == left
