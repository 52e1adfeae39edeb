"""The configuration: one TOML file, over which the environment wins, and the files of secrets that it names."""

from dcvd.config.addresses import SocketAddress, parse_address
from dcvd.config.changes import ConfigChanges, list_changes, merge_reloadable
from dcvd.config.document import DEFAULT_PATH, PATH_VARIABLE, find_path
from dcvd.config.live import Live
from dcvd.config.load import LoadedConfig, load
from dcvd.config.sections import (
    Bytes,
    CertificateAuthority,
    CloudflareConfig,
    Config,
    DatabaseConfig,
    DnsConfig,
    DomainsConfig,
    JobsConfig,
    LogConfig,
    LogFormat,
    LogLevel,
    RetentionConfig,
    ServerConfig,
    SyncConfig,
    VaultConfig,
    WebhooksConfig,
)

__all__ = [
    "DEFAULT_PATH",
    "PATH_VARIABLE",
    "Bytes",
    "CertificateAuthority",
    "CloudflareConfig",
    "Config",
    "ConfigChanges",
    "DatabaseConfig",
    "DnsConfig",
    "DomainsConfig",
    "JobsConfig",
    "Live",
    "LoadedConfig",
    "LogConfig",
    "LogFormat",
    "LogLevel",
    "RetentionConfig",
    "ServerConfig",
    "SocketAddress",
    "SyncConfig",
    "VaultConfig",
    "WebhooksConfig",
    "find_path",
    "list_changes",
    "load",
    "merge_reloadable",
    "parse_address",
]
