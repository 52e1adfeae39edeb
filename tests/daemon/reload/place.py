"""A daemon in the test's own process, with the file that it was started from, which a case changes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dcvd.config import ConfigChanges, LoadedConfig, load
from dcvd.core.domains.domain import Domain
from dcvd.daemon import Daemon
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions
from tests.daemon.reload.far import Far, serving
from tests.delivery.receivers import Receiver, receiving
from tests.providers.route53 import conftest as route53
from tests.providers.route53.aws import KEY, SECRET, THEIRS, FakeAws

ROLE: Final = f"arn:aws:iam::{THEIRS}:role/customer"
_NUMBERS = count(1)


class Place:
    """The daemon and the servers that it knows. Secrets lie beside the file: `token`, `one`, `two` and so on."""

    def __init__(self, directory: Path, sandbox: Sandbox, far: Far, aws_url: str, receiver: Receiver) -> None:
        self.directory = directory
        self.sandbox = sandbox
        self.far = far
        self.receiver = receiver
        self.base = _base_keys(directory, sandbox, far, aws_url)
        self.daemon = Daemon(self.write({}))
        self._is_changed = False

    @property
    def context(self) -> Context:
        return self.daemon.context

    def write(self, changes: Mapping[str, str]) -> LoadedConfig:
        """The file with other values of these keys, read as a start or SIGHUP reads it."""
        sections: dict[str, list[str]] = {}
        for dotted, value in {**self.base, **changes}.items():
            section, _, key = dotted.rpartition(".")
            sections.setdefault(section, []).append(f"{key} = {value}")
        path = self.directory / "dcvd.toml"
        path.write_text("".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in sections.items()))
        return load(path, {})

    def reset(self) -> None:
        """Give every key its first value, as at the start."""
        if self._is_changed:
            self.reload_all({})
            self._is_changed = False

    def reload(self, **changes: str) -> ConfigChanges:
        """Change keys and reload; dots of a key are `__` here."""
        return self.reload_all({dotted.replace("__", "."): value for dotted, value in changes.items()})

    def reload_all(self, changes: Mapping[str, str]) -> ConfigChanges:
        """Likewise; every other key has its first value again."""
        self._is_changed = True
        return self.daemon.reload(self.write(changes))

    async def new_organization(self) -> str:
        """A tenant's id."""
        return (await organizations.create(self.context, f"Tenant {next(_NUMBERS)}")).id

    async def new_domain(self, org_id: str | None = None) -> Domain:
        """A domain whose registration begins at once."""
        owner = await self.new_organization() if org_id is None else org_id
        return await additions.add(self.context, owner, f"n{next(_NUMBERS)}.customer.test")


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[Place]:
    """A running daemon and its servers."""
    _write_secrets(directory)
    aws = FakeAws()
    aws.zone("customer.example")
    aws.roles[ROLE] = lambda _: True
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(
            Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=0.02))
        )
        far = await stack.enter_async_context(serving())
        aws_url = await stack.enter_async_context(route53.serving(aws.handle))
        receiver = await stack.enter_async_context(receiving())
        place = Place(directory, sandbox, far, aws_url, receiver)
        await stack.enter_async_context(place.daemon)
        yield place


def _write_secrets(directory: Path) -> None:
    texts = {"token": "sandbox-token", "vault-key": "00" * 32, "aws": SECRET, "proxy": "dcvd:secret-proxy"}
    texts["otlp"] = "authorization=Bearer one"
    texts |= {name: f"secret-{name}" for name in ("one", "two", "other-key", "old-key")}
    for name in ("first.pem", "second.pem"):
        key = rsa.generate_private_key(65537, 2048)
        texts[name] = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for name, text in texts.items():
        (directory / name).touch(0o600)
        (directory / name).write_text(text)


def _base_keys(directory: Path, sandbox: Sandbox, far: Far, aws_url: str) -> dict[str, str]:
    keys = {
        "server.listen": '["127.0.0.1:0"]',
        "server.socket": f'"{directory}/dcvd.sock"',
        "server.shutdown_timeout": '"2s"',
        "database.path": f'"{directory}/dcvd.db"',
        "cloudflare.base_url": f'"{sandbox.api_url}"',
        "cloudflare.api_token_file": '"token"',
        "cloudflare.webhook_secret_file": '"one"',
        "cloudflare.zone_id": '"5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c"',
        "cloudflare.cname_target": '"edge.sandbox.test"',
        "cloudflare.certificates_per_minute": "0",
        "cloudflare.requests_per_5m": "0",
        "dns.resolvers": f'["{sandbox.dns_address}"]',
        "dns.authoritative": "false",
        "domains.allow_reserved_tlds": '["test"]',
        "sync.tick": '"1h"',
        "webhooks.allow_http": "true",
        "webhooks.allow_private": '["127.0.0.0/8"]',
        "webhooks.timeout": '"30s"',
        "vault.key_file": '"vault-key"',
        "oauth.return_to": "[]",
        "providers.cloudflare.api_base_url": f'"{far.url}/cloudflare"',
        "providers.godaddy.api_base_url": f'"{far.url}/godaddy"',
        "providers.route53.access_key_id": f'"{KEY}"',
        "providers.route53.secret_access_key_file": '"aws"',
        "providers.route53.sts_url": f'"{aws_url}"',
        "providers.route53.api_base_url": f'"{aws_url}"',
        "providers.other.api_base_url": f'"{far.url}"',
        "providers.other.write_driver": '"http"',
        "providers.http.check_path": '"/check"',
        "providers.http.account_name": '"owner.name"',
        "providers.http.zone_path": '"/zones/{zone}"',
        "providers.http.zone_id": '"id"',
        "providers.http.records_path": '"/records/{zone_id}?name={name}"',
        "providers.http.records": '"entries"',
        "providers.http.next_page": '"cursor"',
        "providers.http.create_path": '"/new/{zone_id}"',
        "providers.http.create_body": """'{"t": "{type}", "n": "{label}", "v": "{value}", "s": "{ttl}"}'""",
        "providers.http.delete_path": '"/gone/{id}"',
    }
    for provider in ("cloudflare", "godaddy", "other"):
        keys |= {
            f"oauth.{provider}.client_id": '"client-one"',
            f"oauth.{provider}.client_secret_file": '"one"',
            f"oauth.{provider}.redirect_uris": '["https://app.example.net/one"]',
            f"oauth.{provider}.authorize_url": f'"{far.url}/authorize"',
            f"oauth.{provider}.token_url": f'"{far.url}/token"',
            f"oauth.{provider}.revoke_url": f'"{far.url}/revoke"',
        }
    return keys


Case = Callable[[Place], Awaitable[None]]
