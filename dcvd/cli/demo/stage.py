"""The demo's stage: sandbox, daemon and receiver in one process, with a directory of its own."""

import json
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from dcvd.cli.demo.place import socket_path
from dcvd.cli.demo.receiver import ReceivedWebhook, WebhookReceiver
from dcvd.config import LoadedConfig, load
from dcvd.daemon import Daemon
from dcvd.kit.logs.configuration import configure_logging
from dcvd.sandbox import Sandbox, SandboxSettings

_PRIVATE_MODE: Final = 0o600


class DemoStage(Struct, frozen=True, kw_only=True):
    """The running parts of the demo."""

    sandbox: Sandbox
    daemon: Daemon
    receiver: WebhookReceiver
    config_file: Path
    log_file: Path

    @property
    def url(self) -> str:
        """The URL of the daemon's API."""
        return self.daemon.urls[0]


@asynccontextmanager
async def open_stage(directory: Path, on_webhook: Callable[[ReceivedWebhook], None]) -> AsyncIterator[DemoStage]:
    """Start all parts, and stop them in reverse order; meanwhile every log line of this process goes to a file."""
    log_file = directory / "dcvd.log"
    async with AsyncExitStack() as stack:
        configure_logging(level="info", json=True, stream=stack.enter_context(log_file.open("w")))
        receiver = await stack.enter_async_context(WebhookReceiver(on_webhook))
        address = stack.enter_context(_reserve_address())
        settings = SandboxSettings(
            api_port=0,
            dns_port=0,
            edge_port=0,
            oauth_redirect_uris=(f"http://{address}/oauth/callback/cloudflare", receiver.redirect_uri),
        )
        sandbox = await stack.enter_async_context(Sandbox(settings))
        operators_socket = stack.enter_context(socket_path(directory))
        loaded = build_configuration(directory, operators_socket, sandbox, address)
        daemon = await stack.enter_async_context(Daemon(loaded, environ={}))
        yield DemoStage(
            sandbox=sandbox,
            daemon=daemon,
            receiver=receiver,
            config_file=_config_path(directory),
            log_file=log_file,
        )


@contextmanager
def _reserve_address() -> Iterator[str]:
    """Yield a free address of loopback, which nobody else is given meanwhile.

    The daemon has to know it before it starts, for `server.public_url`. It may bind it too, since nothing listens here.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{holder.getsockname()[1]}"


def build_configuration(directory: Path, operators_socket: Path, sandbox: Sandbox, address: str) -> LoadedConfig:
    """Build a configuration that stays on loopback and in the directory; the environment is not read.

    Its intervals are short, for people who watch.
    """
    settings = sandbox.settings
    token = _write_secret(directory / "sandbox-token", settings.token)
    client_secret = _write_secret(directory / "client-secret", settings.oauth_client_secret)
    key = _write_secret(directory / "encryption-key", secrets.token_hex(32))
    path = _config_path(directory)
    edge_ca = directory / "edge-ca.pem"
    edge_ca.write_bytes(sandbox.edge_ca)
    path.write_text(
        _daemon_toml(directory, operators_socket, sandbox, address, token, edge_ca)
        + _oauth_toml(sandbox, key, client_secret)
    )
    return load(path, {})


def _config_path(directory: Path) -> Path:
    return directory / "dcvd.toml"


def _write_secret(path: Path, text: str) -> Path:
    path.touch(_PRIVATE_MODE)
    path.write_text(text)
    return path


def _oauth_toml(sandbox: Sandbox, key: Path, client_secret: Path) -> str:
    settings = sandbox.settings
    return f"""\
[vault]
key_file = {_toml_string(key)}
[oauth.cloudflare]
client_id = {_toml_string(settings.oauth_client_id)}
client_secret_file = {_toml_string(client_secret)}
redirect_uris = [{", ".join(map(_toml_string, settings.oauth_redirect_uris))}]
authorize_url = {_toml_string(f"{sandbox.oauth_url}/auth")}
token_url = {_toml_string(f"{sandbox.oauth_url}/token")}
revoke_url = {_toml_string(f"{sandbox.oauth_url}/revoke")}
[providers.cloudflare]
api_base_url = {_toml_string(sandbox.api_url)}
"""


def _daemon_toml(
    directory: Path, operators_socket: Path, sandbox: Sandbox, address: str, token: Path, edge_ca: Path
) -> str:
    return f"""\
[server]
listen = [{_toml_string(address)}]
socket = {_toml_string(operators_socket)}
public_url = {_toml_string(f"http://{address}")}
shutdown_timeout = "4s"
[database]
path = {_toml_string(directory / "dcvd.db")}
[cloudflare]
base_url = {_toml_string(sandbox.api_url)}
api_token_file = {_toml_string(token)}
zone_id = {_toml_string(sandbox.settings.zone_id)}
cname_target = {_toml_string(sandbox.settings.target)}
certificates_per_minute = 0
requests_per_5m = 0
[dns]
resolvers = [{_toml_string(sandbox.dns_address)}]
authoritative = false
[domains]
allow_reserved_tlds = ["test"]
[sync]
tick = "100ms"
pending_interval = "500ms"
active_interval = "2s"
probe_connect_to = {_toml_string(sandbox.edge_address)}
probe_ca_file = {_toml_string(edge_ca)}
[webhooks]
allow_http = true
allow_private = ["127.0.0.0/8"]
"""


def _toml_string(value: str | Path) -> str:
    """Write a basic string of TOML; a JSON string is one, as long as it has no surrogates."""
    return json.dumps(os.fspath(value), ensure_ascii=False)
