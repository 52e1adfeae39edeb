"""The endpoints of providers' authorization servers: from the configuration, else from the issuer's metadata."""

from msgspec import Struct

from dcvd.config import Config, Live
from dcvd.config.oauth_sections import OauthClientConfig
from dcvd.core.connections.connection import Provider
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput, NotConfigured
from dcvd.kit.http.fetch import Fetcher
from dcvd.oauth.metadata import AuthorizationServerMetadata, MetadataCache


class AuthorizationServer(Struct, frozen=True, kw_only=True):
    """Where a customer consents. issuer_required: each of its responses names the issuer (RFC 9207, section 3)."""

    authorize_url: str
    issuer: str | None
    issuer_required: bool


class AuthorizationServers:
    """The authorization servers of all providers.

    Every call may raise InvalidInput for a provider without OAuth, NotConfigured naming the missing setting, and,
    where metadata has to be read, Retryable or Permanent with the code `bad_metadata`.
    """

    def __init__(self, fetcher: Fetcher, live_config: Live[Config]) -> None:
        self._live_config = live_config
        self._metadata = MetadataCache(fetcher)

    def get_client(self, provider: Provider) -> OauthClientConfig:
        """Return our client at the provider: its id, and the secret that its authentication method needs."""
        client = _client_section(self._live_config.value, provider)
        if not client.client_id:
            raise _missing_setting(provider, "client_id", "customers connect there by credentials alone")
        if client.auth_method != "none" and not client.client_secret:
            raise _missing_setting(provider, "client_secret_file", f'auth_method is "{client.auth_method}"')
        return client

    async def get_server(self, provider: Provider) -> AuthorizationServer:
        """Return the server to which the customer is sent."""
        client = self.get_client(provider)
        metadata = await self._metadata.get(client.issuer) if client.issuer else None
        return AuthorizationServer(
            authorize_url=self._require_url(provider, "authorize_url", client.authorize_url, metadata),
            issuer=client.issuer or None,
            issuer_required=metadata is not None and metadata.issuer_in_responses,
        )

    async def get_token_url(self, provider: Provider) -> str:
        """Return the token endpoint.

        Metadata is read only if the configuration names no endpoint: the issuer may be down when a token is refreshed.
        """
        client = self.get_client(provider)
        metadata = await self._metadata.get(client.issuer) if client.issuer and not client.token_url else None
        return self._require_url(provider, "token_url", client.token_url, metadata)

    async def get_revoke_url(self, provider: Provider) -> str | None:
        """Return the revocation endpoint (RFC 7009); None for a server without one."""
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
                word("aws_without_oauth"),
                code="no_oauth",
            )


def _missing_setting(provider: Provider, key: str, why: str) -> NotConfigured:
    return NotConfigured(
        f"OAuth with {provider.value} is not set up: oauth.{provider.value}.{key} is empty, and {why}. The operator of "
        "dcvd has to set it."
    )
