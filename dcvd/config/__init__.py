"""The configuration: one TOML file, over which the environment wins, and the files of secrets that it names."""

from dcvd.config.addresses import SocketAddress, parse_address
from dcvd.config.alerts_sections import AlertsConfig, MailConfig
from dcvd.config.changes import ConfigChanges, list_changes, merge_reloadable
from dcvd.config.document import find_path
from dcvd.config.live import Live
from dcvd.config.load import LoadedConfig, load
from dcvd.config.sections import CloudflareConfig, Config, DnsConfig, LogConfig, ServerConfig

__all__ = [
    "AlertsConfig",
    "CloudflareConfig",
    "Config",
    "ConfigChanges",
    "DnsConfig",
    "Live",
    "LoadedConfig",
    "LogConfig",
    "MailConfig",
    "ServerConfig",
    "SocketAddress",
    "find_path",
    "list_changes",
    "load",
    "merge_reloadable",
    "parse_address",
]
