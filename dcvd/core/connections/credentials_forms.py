"""The forms of credentials: what a provider takes, member by member."""

from typing import Final

from msgspec import Struct

from dcvd.core.connections.connection import ConnectionMethod, Provider


class CredentialsMember(Struct, frozen=True, kw_only=True):
    """A member of a form. name: in JSON. default: what counts where it is left out; without one, it has to be given.

    is_secret: whether it is hidden while it is typed.
    """

    name: str
    description: str
    is_secret: bool = False
    default: str | int | None = None


class CredentialsForm(Struct, frozen=True, kw_only=True):
    """A form of a provider's credentials, which makes a connection by `method`."""

    provider: Provider
    method: ConnectionMethod
    description: str
    members: tuple[CredentialsMember, ...]


def find_form(name: str) -> CredentialsForm | None:
    """Find a form by `name_form`'s name; None where there is none."""
    return next((form for form in CREDENTIALS_FORMS if name_form(form) == name), None)


def name_form(form: CredentialsForm) -> str:
    """Return the name of a form, such as `godaddy_key_pair`."""
    return f"{form.provider.value}_{form.method.value}"


CREDENTIALS_FORMS: Final = (
    CredentialsForm(
        provider=Provider.CLOUDFLARE,
        method=ConnectionMethod.API_TOKEN,
        description="Cloudflare.",
        members=(
            CredentialsMember(name="apiToken", description="An API token with Zone Read and DNS Edit.", is_secret=True),
        ),
    ),
    CredentialsForm(
        provider=Provider.GODADDY,
        method=ConnectionMethod.API_TOKEN,
        description="GoDaddy.",
        members=(CredentialsMember(name="token", description="A personal access token.", is_secret=True),),
    ),
    CredentialsForm(
        provider=Provider.GODADDY,
        method=ConnectionMethod.KEY_PAIR,
        description="GoDaddy.",
        members=(
            CredentialsMember(name="key", description="The key."),
            CredentialsMember(name="secret", description="The secret of the key.", is_secret=True),
        ),
    ),
    CredentialsForm(
        provider=Provider.ROUTE53,
        method=ConnectionMethod.AWS_ROLE,
        description="Route 53, by a role.",
        members=(
            CredentialsMember(name="roleArn", description="The ARN of the role."),
            CredentialsMember(name="externalId", description="From `POST /api/oauth/aws/external-ids`."),
        ),
    ),
    CredentialsForm(
        provider=Provider.ROUTE53,
        method=ConnectionMethod.AWS_KEYS,
        description="Route 53, by an access key.",
        members=(
            CredentialsMember(name="accessKeyId", description="The id of the key."),
            CredentialsMember(name="secretAccessKey", description="The key's secret.", is_secret=True),
        ),
    ),
    CredentialsForm(
        provider=Provider.OTHER,
        method=ConnectionMethod.TSIG,
        description="Another provider, by dynamic updates (RFC 2136) with a TSIG key.",
        members=(
            CredentialsMember(name="server", description="A hostname or an IP address."),
            CredentialsMember(name="zone", description="The zone."),
            CredentialsMember(name="keyName", description="The name of the key."),
            CredentialsMember(name="secret", description="The key in base64.", is_secret=True),
            CredentialsMember(name="port", description="The port of the server.", default=53),
            CredentialsMember(name="algorithm", description="The name of the algorithm.", default="hmac-sha256"),
        ),
    ),
)
