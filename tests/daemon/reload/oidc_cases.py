"""The identity provider at which members sign in."""

from typing import Any, cast

from dcvd.core.oidc.attempts import SignInAttempt
from dcvd.core.secret import Secret
from dcvd.oauth.openid import OpenIdClient, name_provider
from dcvd.services.sessions import member_sign_in
from tests.daemon.reload.cases import case, row
from tests.daemon.reload.place import Place
from tests.daemon.reload.provider_cases import outcome

_ATTEMPT = SignInAttempt(Secret("x" * 43))


def _base(place: Place) -> dict[str, str]:
    return {
        "server.public_url": '"https://dcv.example.net"',
        "web.oidc.issuer": f'"{place.far.url}/first"',
        "web.oidc.client_id": '"client-one"',
        "web.oidc.client_secret_file": '"one"',
    }


async def _sign_in(place: Place) -> str:
    """Where a browser is sent, and what the provider is asked then."""
    place.far.calls.clear()
    client = place.daemon.services.openid
    results = [
        await outcome(client.build_authorization_url(_ATTEMPT)),
        await outcome(client.redeem(Secret("c"), _ATTEMPT, place.context.now())),
    ]
    return "\n".join((*place.far.calls, *results))


def _observe(key: str, value: str, sign: str) -> None:
    @case(f"web.oidc.{key}")
    async def _(place: Place) -> None:
        place.reload_all(_base(place))
        before = await _sign_in(place)
        place.reload_all({**_base(place), f"web.oidc.{key}": value.replace("{far}", place.far.url)})
        after = await _sign_in(place)
        assert sign not in before
        assert sign in after


_observe("issuer", '"{far}/second"', "/second/authorization_endpoint")
_observe("client_id", '"client-two"', "client-two")
_observe("client_secret_file", '"two"', "secret-two")
_observe("auth_method", '"client_secret_post"', "client_secret=secret-one")
_observe("scopes", '["openid", "extra"]', "openid%20extra")


async def show_name(place: Place) -> str:
    return name_provider(place.context.config.web_oidc)


row("web.oidc.name", '"Second ID"', "Second ID", show_name)


class _Provider:
    """Says the same of everybody."""

    async def redeem(self, *_: Any) -> dict[str, Any]:
        return {"email": "ann@example.net", "email_verified": True, "groups": ["one"], "teams": ["two"]}


async def _identify(place: Place) -> str:
    client = cast(OpenIdClient, _Provider())
    return await outcome(member_sign_in.identify(place.context, client, Secret("c"), _ATTEMPT))


def _observe_groups(key: str, value: str, before_sign: str, sign: str) -> None:
    @case(f"web.oidc.{key}")
    async def _(place: Place) -> None:
        base = {
            **_base(place),
            "web.oidc.role_claim": '"groups"',
            "web.oidc.roles": '{"one" = "admin", "two" = "member"}',
        }
        place.reload_all(base)
        assert before_sign in await _identify(place)
        place.reload_all({**base, f"web.oidc.{key}": value})
        assert sign in await _identify(place)


_observe_groups("role_claim", '"teams"', "role_group='one'", "role_group='two'")
_observe_groups("roles", '{"two" = "owner"}', "role_group='one'", "None of your groups")
