"""The configuration as the program uses it: every key with its default and its valid values.

Attributes are named as the keys of the TOML. Durations are integers of milliseconds, sizes integers of bytes. Paths are
absolute: a relative one in the TOML starts at the TOML's own directory. `config/dcvd.toml`, which operators read, says
what each key is for.
"""

from collections.abc import Mapping
from ipaddress import IPv6Network
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal, get_args

import msgspec

from dcvd.config import values
from dcvd.config.addresses import SocketAddress
from dcvd.config.alerts_sections import AlertsConfig, MailConfig
from dcvd.config.http_api_section import HttpApiDescription
from dcvd.config.key_annotations import ConfigKey, ConfigSecret
from dcvd.config.limits_section import LimitsConfig
from dcvd.config.oauth_sections import OauthCloudflareConfig, OauthConfig, OauthGodaddyConfig, OauthOtherConfig
from dcvd.config.provider_sections import (
    CloudflareProviderConfig,
    DomainConnectConfig,
    GodaddyProviderConfig,
    OtherProviderConfig,
    ProvidersConfig,
    Route53ProviderConfig,
)
from dcvd.config.system_events_section import SystemEventsConfig
from dcvd.config.tracing_section import TracingConfig
from dcvd.config.validators import boolean, duration, integer, list_of, one_of, size, table_of
from dcvd.config.web_section import WebConfig, WebOidcConfig
from dcvd.core.addresses import PLATFORM_NETWORKS, IpNetwork
from dcvd.core.custom_hostnames.edge import ProbeMode
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND, Milliseconds
from dcvd.core.secret import Secret

Bytes = int
CertificateAuthority = Literal["google", "lets_encrypt", "ssl_com"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "json", "console"]

_MIB: Final = 1 << 20
SOCKET_PATH_LIMIT: Final = 107  # bytes; sun_path of unix(7), less its final NUL
_TIMEOUT: Final = duration(at_least_ms=1, at_most_ms=HOUR)
_INTERVAL: Final = duration(at_most_ms=365 * DAY)
_RETENTION: Final = duration()
_CONNECTIONS: Final = integer(at_least=0, at_most=1_000_000)
_CONCURRENCY: Final = integer(at_least=1, at_most=10_000)


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where tenants and operators reach the daemon; `socket_mode` is a file mode.

    operators, observers: user names, groups as `@name`, or uids. metrics_listen: None for no such listener. An empty
    `public_url` means that the URL is not known. max_connections…: 0 for what the process's descriptors allow.
    """

    listen: Annotated[tuple[SocketAddress, ...], ConfigKey(validate=list_of(values.listen_address))] = (
        SocketAddress("127.0.0.1", 8080),
    )
    socket: Annotated[Path, ConfigKey(validate=values.path, longest_path_bytes=SOCKET_PATH_LIMIT)] = Path(
        "/run/dcvd.sock"
    )
    socket_mode: Annotated[int, ConfigKey(validate=values.file_mode)] = 0o660
    operators: Annotated[tuple[str | int, ...], ConfigKey(validate=list_of(values.user_or_group), reload=True)] = ()
    observers: Annotated[tuple[str | int, ...], ConfigKey(validate=list_of(values.user_or_group), reload=True)] = ()
    metrics_listen: Annotated[SocketAddress | None, ConfigKey(validate=values.optional_listen_address)] = None
    public_url: Annotated[str, ConfigKey(validate=values.public_url)] = ""
    hosts: Annotated[tuple[str, ...], ConfigKey(validate=list_of(values.host))] = ()
    cors_origins: Annotated[tuple[str, ...], ConfigKey(validate=list_of(values.origin))] = ()
    trusted_proxies: Annotated[tuple[IpNetwork, ...], ConfigKey(validate=list_of(values.network))] = ()
    max_connections: Annotated[int, ConfigKey(validate=_CONNECTIONS)] = 0
    max_connections_per_address: Annotated[int, ConfigKey(validate=_CONNECTIONS)] = 0
    max_requests_per_address: Annotated[int, ConfigKey(validate=integer(at_least=1, at_most=1_000_000))] = 64
    request_body_limit: Annotated[Bytes, ConfigKey(validate=size(at_least=1 << 10, at_most=1 << 30))] = _MIB
    head_timeout: Annotated[Milliseconds, ConfigKey(validate=_TIMEOUT)] = 10 * SECOND
    keep_alive: Annotated[Milliseconds, ConfigKey(validate=_TIMEOUT)] = 150 * SECOND
    shutdown_timeout: Annotated[Milliseconds, ConfigKey(validate=duration(at_most_ms=HOUR), reload=True)] = 20 * SECOND

    @property
    def is_https(self) -> bool:
        """Whether browsers come by https, as far as `public_url` says it."""
        return self.public_url.startswith("https://")


class DatabaseConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The SQLite database."""

    path: Annotated[Path, ConfigKey(validate=values.path)] = Path("/var/lib/dcvd/dcvd.db")
    readers: Annotated[int, ConfigKey(validate=integer(at_least=1, at_most=64))] = 3
    lock_wait: Annotated[Milliseconds, ConfigKey(validate=duration(at_most_ms=HOUR))] = 5 * SECOND
    upgrade_copy: Annotated[bool, ConfigKey(validate=boolean)] = True
    litestream: Annotated[bool, ConfigKey(validate=boolean)] = False


class CloudflareConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Cloudflare's API, and the zone that serves the customers' hostnames. A rate of 0 is unlimited.

    `api_token`, `zone_id` and `cname_target` are empty only if the configuration was loaded without requiring them.
    """

    base_url: Annotated[str, ConfigKey(validate=values.base_url)] = "https://api.cloudflare.com/client/v4"
    api_token_file: Annotated[str, ConfigKey(validate=values.secret_file, reload=True)] = "cloudflare-token"
    api_token: Annotated[
        Secret,
        ConfigSecret(
            validate=values.secret_word,
            file_key="api_token_file",
            environment="CLOUDFLARE_API_TOKEN",
            required=True,
            reload=True,
        ),
    ] = Secret("")
    zone_id: Annotated[str, ConfigKey(validate=values.zone_id, required=True, environment="CLOUDFLARE_ZONE_ID")] = ""
    cname_target: Annotated[
        str, ConfigKey(validate=values.cname_target, required=True, environment="SAAS_CNAME_TARGET")
    ] = ""
    certificate_authorities: Annotated[
        tuple[str, ...], ConfigKey(validate=list_of(one_of(*get_args(CertificateAuthority))), reload=True)
    ] = ()
    webhook_secret_file: Annotated[str, ConfigKey(validate=values.secret_file, reload=True)] = ""
    webhook_secret: Annotated[
        Secret | None,
        ConfigSecret(
            validate=values.secret_word,
            file_key="webhook_secret_file",
            environment="CLOUDFLARE_WEBHOOK_SECRET",
            reload=True,
        ),
    ] = None
    timeout: Annotated[Milliseconds, ConfigKey(validate=_TIMEOUT, reload=True)] = 15 * SECOND
    certificates_per_minute: Annotated[int, ConfigKey(validate=integer(at_least=0, at_most=100_000), reload=True)] = 15
    requests_per_5m: Annotated[int, ConfigKey(validate=integer(at_least=0, at_most=10_000_000), reload=True)] = 1200


class DnsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How DNS is asked. `stub_zones` maps a zone (lower case, no final dot) to its servers."""

    resolvers: Annotated[
        tuple[SocketAddress, ...], ConfigKey(validate=list_of(values.name_server, at_least=1, at_most=16))
    ] = (
        SocketAddress("1.1.1.1", 53),
        SocketAddress("8.8.8.8", 53),
    )
    authoritative: Annotated[bool, ConfigKey(validate=boolean)] = True
    stub_zones: Annotated[
        Mapping[str, tuple[SocketAddress, ...]],
        ConfigKey(validate=table_of(values.zone_name, list_of(values.name_server, at_least=1, at_most=16))),
    ] = MappingProxyType({})
    timeout: Annotated[Milliseconds, ConfigKey(validate=_TIMEOUT)] = 5 * SECOND
    concurrency: Annotated[int, ConfigKey(validate=_CONCURRENCY)] = 64


class DomainsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Which domains are accepted; `expiring_soon` are times before a certificate's expiry, sorted, longest first.

    dormant_after: for how long a claim may be unproved.
    """

    allow_reserved_tlds: Annotated[tuple[str, ...], ConfigKey(validate=list_of(values.reserved_tld), reload=True)] = ()
    expiring_soon: Annotated[tuple[Milliseconds, ...], ConfigKey(validate=values.thresholds, reload=True)] = (
        30 * DAY,
        7 * DAY,
    )
    dormant_after: Annotated[Milliseconds, ConfigKey(validate=duration(), reload=True)] = 30 * DAY


class SyncConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How often domains are checked."""

    tick: Annotated[Milliseconds, ConfigKey(validate=_TIMEOUT, reload=True)] = SECOND
    pending_interval: Annotated[Milliseconds, ConfigKey(validate=_INTERVAL, reload=True)] = MINUTE
    active_interval: Annotated[Milliseconds, ConfigKey(validate=_INTERVAL, reload=True)] = DAY
    probe: Annotated[ProbeMode, ConfigKey(validate=one_of(*get_args(ProbeMode)), reload=True)] = "activation"
    probe_connect_to: Annotated[
        SocketAddress | None, ConfigKey(validate=values.optional_fixed_address, reload=True)
    ] = None
    probe_ca_file: Annotated[Path | None, ConfigKey(validate=values.optional_path, reload=True)] = None
    concurrency: Annotated[int, ConfigKey(validate=_CONCURRENCY)] = 32


class JobsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How background jobs run."""

    concurrency: Annotated[int, ConfigKey(validate=_CONCURRENCY)] = 8
    max_attempts: Annotated[int, ConfigKey(validate=integer(at_least=1, at_most=1000), reload=True)] = 12


class WebhooksConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How webhooks are delivered.

    `retry_schedule[n]` is the delay before attempt n + 1, so its length is the number of attempts. proxy: empty for
    none. proxy_credentials: "user:password".
    """

    concurrency: Annotated[int, ConfigKey(validate=_CONCURRENCY)] = 64
    endpoint_concurrency: Annotated[int, ConfigKey(validate=integer(at_least=1, at_most=1000), reload=True)] = 8
    origin_concurrency: Annotated[int, ConfigKey(validate=_CONCURRENCY, reload=True)] = 16
    timeout: Annotated[Milliseconds, ConfigKey(validate=_TIMEOUT, reload=True)] = 5 * SECOND
    retry_schedule: Annotated[
        tuple[Milliseconds, ...], ConfigKey(validate=list_of(_INTERVAL, at_least=1, at_most=30), reload=True)
    ] = (
        0,
        5 * SECOND,
        30 * SECOND,
        2 * MINUTE,
        10 * MINUTE,
        HOUR,
        4 * HOUR,
        10 * HOUR,
        14 * HOUR,
        20 * HOUR,
        24 * HOUR,
    )
    allow_http: Annotated[bool, ConfigKey(validate=boolean)] = False
    allow_private: Annotated[tuple[IpNetwork, ...], ConfigKey(validate=list_of(values.network))] = ()
    ports: Annotated[tuple[int, ...], ConfigKey(validate=list_of(values.port))] = ()
    deny: Annotated[tuple[IpNetwork, ...], ConfigKey(validate=list_of(values.network))] = PLATFORM_NETWORKS
    nat64_prefix: Annotated[IPv6Network | None, ConfigKey(validate=values.optional_nat64_prefix)] = None
    ca_file: Annotated[Path | None, ConfigKey(validate=values.optional_path, reload=True)] = None
    proxy: Annotated[str, ConfigKey(validate=values.optional_proxy)] = ""
    proxy_credentials_file: Annotated[str, ConfigKey(validate=values.secret_file)] = ""
    proxy_credentials: Annotated[
        Secret | None, ConfigSecret(validate=values.user_and_password, file_key="proxy_credentials_file")
    ] = None
    source_addresses: Annotated[
        tuple[IpNetwork, ...], ConfigKey(validate=list_of(values.public_network, at_most=100), reload=True)
    ] = ()


class RetentionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How long finished or expired rows are kept, each in milliseconds."""

    tokens: Annotated[Milliseconds, ConfigKey(validate=_RETENTION, reload=True)] = 7 * DAY
    jobs: Annotated[Milliseconds, ConfigKey(validate=_RETENTION, reload=True)] = 30 * DAY
    deliveries: Annotated[Milliseconds, ConfigKey(validate=_RETENTION, reload=True)] = 30 * DAY
    dead_letters: Annotated[Milliseconds, ConfigKey(validate=_RETENTION, reload=True)] = 90 * DAY
    events: Annotated[Milliseconds, ConfigKey(validate=_RETENTION, reload=True)] = 90 * DAY
    timeline: Annotated[Milliseconds, ConfigKey(validate=_RETENTION, reload=True)] = 365 * DAY
    audit: Annotated[Milliseconds, ConfigKey(validate=_RETENTION, reload=True)] = 730 * DAY


class VaultConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The keys that encrypt secrets in the database.

    `key` is the text as written, not decoded: raw keys, one a line, or a passphrase; None stands for the key file
    beside the database. `old_key_files` hold earlier keys; `old_keys` are their contents in that order, None if a file
    could not be read.
    """

    key_file: Annotated[str, ConfigKey(validate=values.secret_file)] = ""
    key: Annotated[
        Secret | None,
        ConfigSecret(validate=values.secret_text, file_key="key_file", environment="OAUTH_ENCRYPTION_KEY"),
    ] = None
    old_key_files: Annotated[tuple[str, ...], ConfigKey(validate=list_of(values.secret_file))] = ()
    old_keys: Annotated[
        tuple[Secret | None, ...], ConfigSecret(validate=values.secret_text, file_key="old_key_files")
    ] = ()


class LogConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The log's level and format; `auto` is `console` on a terminal and `json` elsewhere."""

    level: Annotated[LogLevel, ConfigKey(validate=one_of(*get_args(LogLevel)), reload=True)] = "info"
    format: Annotated[LogFormat, ConfigKey(validate=one_of(*get_args(LogFormat)), reload=True)] = "auto"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration; every section is optional in the TOML."""

    server: ServerConfig = ServerConfig()
    database: DatabaseConfig = DatabaseConfig()
    cloudflare: CloudflareConfig = CloudflareConfig()
    dns: DnsConfig = DnsConfig()
    domains: DomainsConfig = DomainsConfig()
    sync: SyncConfig = SyncConfig()
    jobs: JobsConfig = JobsConfig()
    webhooks: WebhooksConfig = WebhooksConfig()
    mail: MailConfig = MailConfig()
    alerts: AlertsConfig = AlertsConfig()
    web: WebConfig = WebConfig()
    web_oidc: WebOidcConfig = WebOidcConfig()
    limits: LimitsConfig = LimitsConfig()
    retention: RetentionConfig = RetentionConfig()
    system_events: SystemEventsConfig = SystemEventsConfig()
    vault: VaultConfig = VaultConfig()
    oauth: OauthConfig = OauthConfig()
    oauth_cloudflare: OauthCloudflareConfig = OauthCloudflareConfig()
    oauth_godaddy: OauthGodaddyConfig = OauthGodaddyConfig()
    oauth_other: OauthOtherConfig = OauthOtherConfig()
    providers: ProvidersConfig = ProvidersConfig()
    providers_cloudflare: CloudflareProviderConfig = CloudflareProviderConfig()
    providers_godaddy: GodaddyProviderConfig = GodaddyProviderConfig()
    providers_route53: Route53ProviderConfig = Route53ProviderConfig()
    providers_other: OtherProviderConfig = OtherProviderConfig()
    providers_http: HttpApiDescription = HttpApiDescription()
    providers_domain_connect: DomainConnectConfig = DomainConnectConfig()
    log: LogConfig = LogConfig()
    tracing: TracingConfig = TracingConfig()
