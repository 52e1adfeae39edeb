"""Examine the identity provider of `[web.oidc]`: whether its metadata and its keys can be had and used."""

from typing import Final

from dcvd.cli.setup.findings import Finding
from dcvd.config import Config, Live
from dcvd.errors import RemoteError, Retryable
from dcvd.kit.http.fetch import Fetcher
from dcvd.oauth.openid import OpenIdClient
from dcvd.services.trust_stores import TrustStores

_PART: Final = "identity provider"


async def examine_identity_provider(config: Config, trust_stores: TrustStores) -> list[Finding]:
    """Ask for the metadata and the keys, as a sign-in does; find nothing where members sign in with tokens alone."""
    issuer = config.web_oidc.issuer
    if not issuer:
        return []
    fetcher = Fetcher(get_trust=lambda: trust_stores.system)
    await fetcher.start()
    try:
        client = OpenIdClient(fetcher, Live(config))
        await client.check()
    except RemoteError as error:
        advice = "see that it can be reached" if isinstance(error, Retryable) else "correct web.oidc.issuer"
        return [Finding(_PART, "failing", f"{error.message} Nobody can sign in there: {advice}.")]
    finally:
        await fetcher.close()
    message = f"{issuer} can be used. Its client needs the redirect URI {client.redirect_uri}."
    return [Finding(_PART, "ok", message)]
