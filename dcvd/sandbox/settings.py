"""The settings of a sandbox."""

from typing import Literal

import msgspec

from dcvd.core.addresses import is_loopback
from dcvd.errors import InvalidInput

Plan = Literal["free", "pro", "business", "enterprise"]


class SandboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a sandbox; a port of 0 takes a free one.

    step_s: seconds that each stage of a hostname takes. Four stages lead from its creation to `active`, three from the
    moment its CNAME is right.
    rate_limit: requests that the API takes in any `rate_window_s` seconds; 0 for any number.
    preloaded: how many hostnames (`n0.customer.test` and so on) the zone has from the start, all of them active.
    plan: that of the operator's zone; only Enterprise has a choice of CA and wildcards.
    customer, customer_zones: the account of a customer, and the zones in it from the start.
    oauth_redirect_uris: of the OAuth client; only the port of a loopback address may differ (RFC 8252 §7.3).
    access_token_lifetime_s: seconds.
    """

    api_host: str = "127.0.0.1"
    api_port: int = 8787
    dns_host: str = "127.0.0.1"
    dns_port: int = 8753
    edge_host: str = "127.0.0.1"
    edge_port: int = 8743
    token: str = "sandbox-token"
    zone_id: str = "5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c"
    target: str = "edge.sandbox.test"
    step_s: float = 0.3
    rate_limit: int = 0
    rate_window_s: float = 300.0
    preloaded: int = 0
    plan: Plan = "enterprise"
    customer: str = "Customer Inc."
    customer_zones: tuple[str, ...] = ("customer.test",)
    oauth_client_id: str = "sandbox-client"
    oauth_client_secret: str = "sandbox-client-secret"
    oauth_redirect_uris: tuple[str, ...] = ("http://127.0.0.1:8080/oauth/callback/cloudflare",)
    access_token_lifetime_s: int = 57_600


def validate_settings(settings: SandboxSettings) -> None:
    """Check the settings; only loopback addresses are served, because the control API has no password.

    Raises InvalidInput naming the setting at fault.
    """
    for field, host in (
        ("api_host", settings.api_host),
        ("dns_host", settings.dns_host),
        ("edge_host", settings.edge_host),
    ):
        if not is_loopback(host):
            raise InvalidInput(field, f"{field} {host!r} is not a loopback address; use 127.0.0.1 or ::1.")
    for field, port in (
        ("api_port", settings.api_port),
        ("dns_port", settings.dns_port),
        ("edge_port", settings.edge_port),
    ):
        if not 0 <= port <= 65535:
            raise InvalidInput(field, f"{field} {port} is not a port; give 0 to 65535, 0 for a free one.")
    if not settings.token or not settings.token.isascii():
        raise InvalidInput("token", "token is empty or not ASCII; it goes into an HTTP header.")
    if len(settings.zone_id) != 32 or not set(settings.zone_id) <= set("0123456789abcdef"):
        raise InvalidInput("zone_id", f"zone_id {settings.zone_id!r} is not 32 lower-case hexadecimal digits.")
    if not 0 <= settings.step_s <= 3600:
        raise InvalidInput("step", f"step {settings.step_s} is not between 0 and 3600 seconds.")
    if settings.rate_limit < 0 or not 0 < settings.rate_window_s <= 3600:
        raise InvalidInput("rate_limit", "The rate limit is 0 or more requests in a window of up to 3600 seconds.")
    if not 0 <= settings.preloaded <= 10_000_000:
        raise InvalidInput("preloaded", f"preloaded {settings.preloaded} is not between 0 and 10,000,000.")
    if settings.access_token_lifetime_s < 1:
        raise InvalidInput(
            "access_token_life", f"access_token_life {settings.access_token_lifetime_s} is below a second."
        )
