"""The sections about OAuth: how a token is got for a customer's connection to their DNS provider.

The addresses of known servers have defaults. A section without a `client_id` offers no OAuth; connecting by
credentials does not need it.
"""

from typing import Annotated, Literal, get_args

import msgspec

from dcvd.config import values
from dcvd.config.key_annotations import ConfigKey, ConfigSecret
from dcvd.config.validators import boolean, list_of, one_of
from dcvd.core.secret import Secret

TokenFormat = Literal["form", "json"]
"""The format of a token request: as in RFC 6749, or as in Domain Connect."""
AuthMethod = Literal["client_secret_basic", "client_secret_post", "none"]
"""How the client authenticates at the token endpoint, by the names of RFC 7591."""

_Scopes = Annotated[tuple[str, ...], ConfigKey(validate=list_of(values.scope), reload=True)]
_EndpointUrl = Annotated[str, ConfigKey(validate=values.endpoint_url, reload=True)]


class OauthConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What all clients have in common; `return_to`: where a browser may be sent when a connection is made.

    allow_foreign_authorization: whether a code is taken that came without an authorization of ours.
    """

    return_to: Annotated[tuple[str, ...], ConfigKey(validate=list_of(values.return_url), reload=True)] = ()
    allow_foreign_authorization: Annotated[bool, ConfigKey(validate=boolean, reload=True)] = False


class OauthClientConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A client at an authorization server (RFC 6749).

    If `authorize_url` and `token_url` are empty, they come from the metadata of `issuer`.
    """

    client_id: Annotated[str, ConfigKey(validate=values.client_id, reload=True)] = ""
    client_secret_file: Annotated[str, ConfigKey(validate=values.secret_file, reload=True)] = ""
    client_secret: Annotated[
        Secret | None, ConfigSecret(validate=values.secret_text, file_key="client_secret_file", reload=True)
    ] = None
    scopes: _Scopes = ()
    redirect_uris: Annotated[tuple[str, ...], ConfigKey(validate=list_of(values.redirect_uri), reload=True)] = ()
    auth_method: Annotated[AuthMethod, ConfigKey(validate=one_of(*get_args(AuthMethod)), reload=True)] = (
        "client_secret_basic"
    )
    authorize_url: _EndpointUrl = ""
    token_url: _EndpointUrl = ""
    revoke_url: _EndpointUrl = ""
    issuer: _EndpointUrl = ""


class OauthCloudflareConfig(OauthClientConfig, frozen=True, kw_only=True):
    """An OAuth client at Cloudflare, which operators register themselves."""

    scopes: _Scopes = ("zone.read", "dns.read", "dns.write", "offline_access")
    authorize_url: _EndpointUrl = "https://dash.cloudflare.com/oauth2/auth"
    token_url: _EndpointUrl = "https://dash.cloudflare.com/oauth2/token"
    revoke_url: _EndpointUrl = "https://dash.cloudflare.com/oauth2/revoke"


class OauthGodaddyConfig(OauthClientConfig, frozen=True, kw_only=True):
    """An OAuth client at GoDaddy, which gives clients to few."""

    scopes: _Scopes = ("domains.domain:read", "domains.dns:update", "offline_access")
    authorize_url: _EndpointUrl = "https://api.godaddy.com/v2/oauth2/authorize"
    token_url: _EndpointUrl = "https://api.godaddy.com/v2/oauth2/token"


class OauthOtherConfig(OauthClientConfig, frozen=True, kw_only=True):
    """A client at any other authorization server."""

    token_format: Annotated[TokenFormat, ConfigKey(validate=one_of(*get_args(TokenFormat)), reload=True)] = "form"
