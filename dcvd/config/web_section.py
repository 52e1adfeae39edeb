"""The section of the configuration about what people see in a browser."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, get_args

import msgspec

from dcvd.config import values
from dcvd.config.key_annotations import ConfigKey, ConfigSecret
from dcvd.config.oauth_sections import AuthMethod
from dcvd.config.validators import Validator, duration, list_of, one_of, table_of, text
from dcvd.core.instants import DAY, HOUR, Milliseconds
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import Role

_SESSION: Final = duration(at_least_ms=1, at_most_ms=90 * DAY)
_ROLE: Final[Validator[Role]] = text('"owner", "admin" or "member"', Role)


class WebConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The dashboard. session_idle: how long a session may be unused; session_lifetime: how long it may last in all."""

    session_idle: Annotated[Milliseconds, ConfigKey(validate=_SESSION, reload=True)] = 12 * HOUR
    session_lifetime: Annotated[Milliseconds, ConfigKey(validate=_SESSION, reload=True)] = 7 * DAY


class WebOidcConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The sign-in of members at an identity provider, by OpenID Connect; without an `issuer` there is none.

    name: the provider's for people; empty for the host of the issuer. role_claim: the claim that lists a person's
    groups; empty where these do not count. roles: the role that each group gives.
    """

    issuer: Annotated[str, ConfigKey(validate=values.endpoint_url, reload=True)] = ""
    name: Annotated[str, ConfigKey(validate=values.display_name, reload=True)] = ""
    client_id: Annotated[str, ConfigKey(validate=values.client_id, reload=True)] = ""
    client_secret_file: Annotated[str, ConfigKey(validate=values.secret_file, reload=True)] = ""
    client_secret: Annotated[
        Secret | None, ConfigSecret(validate=values.secret_text, file_key="client_secret_file", reload=True)
    ] = None
    auth_method: Annotated[AuthMethod, ConfigKey(validate=one_of(*get_args(AuthMethod)), reload=True)] = (
        "client_secret_basic"
    )
    scopes: Annotated[tuple[str, ...], ConfigKey(validate=list_of(values.scope), reload=True)] = ("openid", "email")
    role_claim: Annotated[str, ConfigKey(validate=values.claim, reload=True)] = ""
    roles: Annotated[Mapping[str, Role], ConfigKey(validate=table_of(values.group, _ROLE), reload=True)] = (
        MappingProxyType({})
    )
