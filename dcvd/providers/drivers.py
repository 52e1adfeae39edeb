"""Choose the driver for a provider and its credentials."""

from functools import cached_property
from typing import assert_never

from dcvd.config import Config, Live
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import ApiToken, AwsKeys, AwsRole, Credentials, KeyPair, OauthTokens, TsigKey
from dcvd.core.secret import Secret
from dcvd.core.sentences.wording import word
from dcvd.dns import DnsObserver
from dcvd.errors import InvalidInput, NotConfigured
from dcvd.kit.clock import Clock
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.cloudflare.calls import CloudflareDnsApi
from dcvd.providers.cloudflare.records import CloudflareRecords
from dcvd.providers.domain_connect.records import TemplateRecords
from dcvd.providers.driver import RecordDriver
from dcvd.providers.godaddy.budgets import GodaddyBudgets
from dcvd.providers.godaddy.records import GodaddyRecords
from dcvd.providers.http.presets import PRESETS
from dcvd.providers.http.records import HttpRecords
from dcvd.providers.rfc2136 import records as rfc2136
from dcvd.providers.rfc2136 import server as rfc2136_server
from dcvd.providers.route53 import records as route53
from dcvd.providers.route53.delegation import PublicNameServers
from dcvd.providers.route53.sessions import AwsSessions


class DriverFactory:
    """Creates drivers. There is one factory in a process, because it keeps budgets and sessions for each credential.

    fetcher: calls addresses that the operator configured. policy: decides about addresses that tenants name.
    """

    def __init__(
        self,
        live_config: Live[Config],
        fetcher: Fetcher,
        policy: EgressPolicy,
        observer: DnsObserver,
        clock: Clock | None = None,
    ) -> None:
        self._live_config = live_config
        self._fetcher = fetcher
        self._godaddy_budgets = GodaddyBudgets()
        self._name_servers = PublicNameServers(observer)
        self.public_zones = observer.zones
        self.aws_sessions = AwsSessions(fetcher, clock)
        self._policy = policy

    @cached_property
    def _update_servers(self) -> "rfc2136_server.UpdateServers":
        return rfc2136_server.UpdateServers(self._policy)

    def create_driver(self, org_id: str, provider: Provider, credentials: Credentials) -> RecordDriver:
        """Create the driver for these credentials of an organization.

        Raises InvalidInput for credentials that the provider does not take, NotConfigured if a setting is missing.
        """
        config = self._live_config.value
        match provider, credentials:
            case Provider.CLOUDFLARE, OauthTokens(access_token=token) | ApiToken(token=token):
                base_url = config.providers_cloudflare.api_base_url
                return CloudflareRecords(CloudflareDnsApi(self._fetcher, base_url, token))
            case Provider.GODADDY, OauthTokens() | ApiToken() | KeyPair():
                return GodaddyRecords(
                    self._fetcher, config.providers_godaddy.api_base_url, credentials, self._godaddy_budgets
                )
            case Provider.ROUTE53, AwsRole() | AwsKeys():
                return route53.Route53Records(
                    config.providers_route53, credentials, self.aws_sessions, self._name_servers.list_of_zone
                )
            case Provider.OTHER, OauthTokens(access_token=token):
                return self._create_other(config, token)
            case Provider.OTHER, TsigKey():
                return rfc2136.Rfc2136Records(credentials, self._update_servers, org_id)
            case _:
                raise InvalidInput("credentials", word("credentials_of_other_kind", provider=provider.value))

    def _create_other(self, config: Config, token: Secret) -> RecordDriver:
        settings = config.providers_other
        match settings.write_driver:
            case "http":
                return HttpRecords(self._fetcher, settings.api_base_url, config.providers_http, token)
            case "digitalocean" | "dnsimple":
                preset = PRESETS[settings.write_driver]
                return HttpRecords(self._fetcher, settings.api_base_url or preset.base_url, preset.description, token)
            case "domain_connect":
                return TemplateRecords(self._fetcher, config, token, self.public_zones)
            case "":
                raise NotConfigured(
                    "providers.other.write_driver is not set, so nothing can be written with this connection."
                )
            case _:
                assert_never(settings.write_driver)
