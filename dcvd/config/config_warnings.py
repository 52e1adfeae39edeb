"""What a valid configuration should be warned of."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dcvd.config.addresses import SocketAddress, leads_to_loopback
from dcvd.config.sections import Config
from dcvd.core.addresses import is_loopback, parse_ip


def find_warnings(config: Config, exposed_secrets: Sequence[tuple[str, Path]]) -> Iterator[str]:
    """Yield a sentence for each warning. `exposed_secrets`: sections, with their secret files that others may read."""
    is_sandbox = leads_to_loopback(config.cloudflare.base_url)
    if config.cloudflare.base_url.startswith("http://") and not is_sandbox:
        yield (
            f"cloudflare.base_url {config.cloudflare.base_url} is plain http: the API token crosses the network "
            "unencrypted. Use https."
        )
    if config.mail.tls == "none" and config.mail.password and not is_loopback(config.mail.host):
        yield f'mail.tls is "none": the password of {config.mail.host} crosses the network unencrypted. Use starttls.'
    if config.mail.host and not config.server.public_url:
        yield (
            "server.public_url is empty: organizations cannot have contacts for alerts, as the mails to them need "
            "links."
        )
    yield from (
        f"{key} has {address}, which is every network of this machine: whoever is in one of them may connect, and "
        "without encryption. Name the address that your proxy uses."
        for key, address in _list_listeners(config)
        if (ip := parse_ip(address.host)) is not None and ip.is_unspecified
    )
    yield from (
        f"The secret file {path} is open to group or others: chmod 600 {path}."
        for section, path in exposed_secrets
        if not _is_for_sandbox(section, config)
    )


def _list_listeners(config: Config) -> list[tuple[str, SocketAddress]]:
    listeners = [("server.listen", address) for address in config.server.listen]
    if config.server.metrics_listen is not None:
        listeners.append(("server.metrics_listen", config.server.metrics_listen))
    return listeners


def _is_for_sandbox(section: str, config: Config) -> bool:
    """Whether others may read the section's secret file, because it is for a server on loopback alone (the sandbox)."""
    is_cloudflare_local = leads_to_loopback(config.cloudflare.base_url)
    is_oauth_local = leads_to_loopback(config.oauth_cloudflare.token_url)
    match section:
        case "cloudflare":
            return is_cloudflare_local
        case "oauth.cloudflare":
            return is_oauth_local
        case "vault":
            return is_cloudflare_local and is_oauth_local
        case _:
            return False
