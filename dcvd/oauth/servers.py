"""What is known of a provider's authorization server: from the configuration, else from the metadata of its issuer."""

from collections.abc import Callable

from msgspec import Struct

from dcvd.config import Config
from dcvd.config.oauth_sections import OauthClientConfig
from dcvd.core.connections.connection import Provider
from dcvd.errors import InvalidInput, NotConfigured
from dcvd.kit.http.fetch import Fetcher
from dcvd.oauth.metadata import AuthorizationServerMetadata, MetadataCache


class AuthorizationServer(Struct, frozen=True, kw_only=True):
    """Where a customer consents. issuer_required: each of its answers names the issuer (RFC 9207, section 3)."""

    authorize_url: str
    issuer: str | None
    issuer_required: bool


class AuthorizationServers:
    """Those of all providers. `config` gives the present configuration, so a reload is followed.

    Every call may raise InvalidInput for a provider without OAuth, Unavailable naming the setting that lacks, and,
    where metadata has to be read, Retryable or Permanent with the code `bad_metadata`.
    """

    def __init__(self, fetcher: Fetcher, config: Callable[[], Config]) -> None:
        self._config = config
        self._metadata = MetadataCache(fetcher)

    def get_client(self, provider: Provider) -> OauthClientConfig:
        """What we are at the provider: a client id, and the secret that goes with its method."""
        client = _client_section(self._config(), provider)
        if not client.client_id:
            raise _missing_setting(provider, "client_id", "customers connect there by credentials alone")
        if client.auth_method != "none" and not client.client_secret:
            raise _missing_setting(provider, "client_secret_file", f'auth_method is "{client.auth_method}"')
        return client

    async def get_server(self, provider: Provider) -> AuthorizationServer:
        """Where to send the customer."""
        client = self.get_client(provider)
        metadata = await self._metadata.get(client.issuer) if client.issuer else None
        return AuthorizationServer(
            authorize_url=self._require_url(provider, "authorize_url", client.authorize_url, metadata),
            issuer=client.issuer or None,
            issuer_required=metadata is not None and metadata.issuer_in_responses,
        )

    async def get_token_url(self, provider: Provider) -> str:
        """The token endpoint. Metadata is read only where the configuration has none: it may be away at a refresh."""
        client = self.get_client(provider)
        metadata = await self._metadata.get(client.issuer) if client.issuer and not client.token_url else None
        return self._require_url(provider, "token_url", client.token_url, metadata)

    async def get_revoke_url(self, provider: Provider) -> str | None:
        """The revocation endpoint (RFC 7009); None for a server without one."""
        client = self.get_client(provider)
        if client.revoke_url:
            return client.revoke_url
        return (await self._metadata.get(client.issuer)).revoke_url if client.issuer else None

    def _require_url(
        self, provider: Provider, name: str, configured: str, metadata: AuthorizationServerMetadata | None
    ) -> str:
        url = configured or (getattr(metadata, name) if metadata is not None else None)
        if not url:
            raise _missing_setting(provider, name, "no metadata of an issuer gives it either")
        return str(url)


def _client_section(config: Config, provider: Provider) -> OauthClientConfig:
    match provider:
        case Provider.CLOUDFLARE:
            return config.oauth_cloudflare
        case Provider.GODADDY:
            return config.oauth_godaddy
        case Provider.OTHER:
            return config.oauth_other
        case Provider.ROUTE53:
            raise InvalidInput(
                "provider",
                "AWS has no OAuth for its customers. Get an ExternalId by POST /api/oauth/aws/external-ids, let the "
                "customer make a role that trusts it, then connect by POST /api/oauth/connections.",
                code="no_oauth",
            )


def _missing_setting(provider: Provider, key: str, why: str) -> NotConfigured:
    return NotConfigured(
        f"OAuth with {provider.value} is not set up: oauth.{provider.value}.{key} is empty, and {why}. The operator of "
        "dcvd has to set it."
    )
