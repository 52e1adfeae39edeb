"""The configuration: one TOML file, checked whole, with the environment above it and secrets beside it."""

from dcvd.config.addresses import SocketAddress, parse_address
from dcvd.config.changes import changes, take_over
from dcvd.config.document import DEFAULT_PATH, PATH_VARIABLE, find_path
from dcvd.config.load import Loaded, load
from dcvd.config.model import (
    Bytes,
    CertificateAuthority,
    Cloudflare,
    Config,
    Database,
    Dns,
    Domains,
    Jobs,
    Log,
    LogFormat,
    LogLevel,
    Milliseconds,
    Oauth,
    Retention,
    Server,
    Sync,
    Webhooks,
)

__all__ = [
    "DEFAULT_PATH",
    "PATH_VARIABLE",
    "Bytes",
    "CertificateAuthority",
    "Cloudflare",
    "Config",
    "Database",
    "Dns",
    "Domains",
    "Jobs",
    "Loaded",
    "Log",
    "LogFormat",
    "LogLevel",
    "Milliseconds",
    "Oauth",
    "Retention",
    "Server",
    "SocketAddress",
    "Sync",
    "Webhooks",
    "changes",
    "find_path",
    "load",
    "parse_address",
    "take_over",
]
