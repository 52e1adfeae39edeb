"""The sections about DNS providers that customers connect: how records are written there, and as whom.

The addresses of known providers have defaults. How a token is got stands in the sections about OAuth.
"""

from typing import Annotated, Literal, get_args

import msgspec

from dcvd.config import values
from dcvd.config.key_annotations import ConfigKey, ConfigSecret
from dcvd.config.validators import list_of, one_of
from dcvd.core.addresses import IpNetwork
from dcvd.core.secret import Secret

WriteDriver = Literal["", "http", "domain_connect", "digitalocean", "dnsimple"]
_ApiBaseUrl = Annotated[str, ConfigKey(validate=values.api_base_url, reload=True)]
_SecretFile = Annotated[str, ConfigKey(validate=values.secret_file, reload=True)]
_TemplateId = Annotated[str, ConfigKey(validate=values.template_id, reload=True)]


class ProvidersConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What all providers have in common.

    `allow_private`: private networks in which name servers of tenants and their providers may be.
    """

    allow_private: Annotated[tuple[IpNetwork, ...], ConfigKey(validate=list_of(values.network))] = ()


class CloudflareProviderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Cloudflare, where customers' zones are."""

    api_base_url: _ApiBaseUrl = "https://api.cloudflare.com/client/v4"


class GodaddyProviderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """GoDaddy."""

    api_base_url: _ApiBaseUrl = "https://api.godaddy.com"


class Route53ProviderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Route 53, and our own AWS identity, which assumes customers' roles, because AWS has no OAuth for users."""

    access_key_id: Annotated[str, ConfigKey(validate=values.client_id, reload=True)] = ""
    secret_access_key_file: _SecretFile = ""
    secret_access_key: Annotated[
        Secret | None, ConfigSecret(validate=values.secret_word, file_key="secret_access_key_file", reload=True)
    ] = None
    sts_url: _ApiBaseUrl = "https://sts.amazonaws.com"
    api_base_url: _ApiBaseUrl = "https://route53.amazonaws.com"


class OtherProviderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Any other provider: how a record is written with the tokens of the client in `oauth.other`."""

    api_base_url: _ApiBaseUrl = ""
    write_driver: Annotated[WriteDriver, ConfigKey(validate=one_of(*get_args(WriteDriver)), reload=True)] = ""


class DomainConnectConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Our template at the DNS providers (Domain Connect 2.2), and the key that signs the links to it."""

    provider_id: _TemplateId = ""
    service_id: _TemplateId = ""
    private_key_file: _SecretFile = ""
    private_key: Annotated[
        Secret | None, ConfigSecret(validate=values.private_key, file_key="private_key_file", reload=True)
    ] = None
    key: Annotated[str, ConfigKey(validate=values.key_label, reload=True)] = "_dcpubkeyv1"
    key_domain: Annotated[str, ConfigKey(validate=values.optional_hostname, reload=True)] = ""
