"""Judge what arrived at the daemon of a request that was sent to `server.public_url`."""

from collections.abc import Sequence
from typing import Final

from yarl import URL

from dcvd.cli.setup.findings import Finding
from dcvd.config import ServerConfig
from dcvd.core.addresses import IpNetwork
from dcvd.core.http.arrivals import Arrival
from dcvd.core.http.host_header import strip_port
from dcvd.kit.http.client_addresses import parse_address

CLAIM: Final = "192.0.2.77"
"""The address for documents that a probe claims to come from: it tells what a proxy does with what clients claim."""
_PART: Final = "trusted_proxies"
_APPEND: Final = "Have it append the address of its client (nginx: $proxy_add_x_forwarded_for)."
_KEEP_OPEN: Final = (
    " It opens a connection to dcvd for each request: have it keep them open (nginx: proxy_http_version 1.1, and an "
    "empty Connection)."
)


def is_direct(arrival: Arrival, public_url: str) -> bool:
    """Whether nothing shows that a proxy stands in front. One that speaks TLS does: dcvd itself does not."""
    return URL(public_url).scheme != "https" and arrival.forwarded_for == [CLAIM]


def judge_clients(arrival: Arrival, trusted_proxies: Sequence[IpNetwork]) -> Finding:
    """Judge whether dcvd knows clients behind a proxy by their own addresses, and by nothing that they claim."""
    peer = str(parse_address(arrival.peer) or arrival.peer)
    entries = [entry.strip() for entry in ",".join(arrival.forwarded_for).split(",") if entry.strip()]
    is_claim_kept = CLAIM in entries
    written = entries[entries.index(CLAIM) + 1 :] if is_claim_kept else entries
    wrong = [entry for entry in written if parse_address(entry) is None]
    problems: list[str] = []
    # The first address is the client's; what stands behind it are proxies, as is the other end of the connection.
    missing = _list_untrusted([peer, *written[1:]], trusted_proxies)
    if missing:
        networks = ", ".join(f'"{each}"' for each in (*map(str, trusted_proxies), *missing))
        problems.append(
            f"The proxy at {', '.join(missing)} is not believed when it says for whom it asks, so all clients behind "
            f"it look like one, with one limit of requests: set server.trusted_proxies = [{networks}]."
        )
    if wrong:
        problems.append(f"The proxy writes {wrong[0][:64]!r} into X-Forwarded-For, which is no address. {_APPEND}")
    elif not written and is_claim_kept:
        problems.append(
            "The proxy hands on X-Forwarded-For as clients send it, so they can claim any address and pass every limit "
            f"and network of tokens. {_APPEND}"
        )
    elif not written:
        problems.append(
            f"The proxy at {peer} sends no X-Forwarded-For, so all clients look like one, with one limit of requests. "
            f"{_APPEND}"
        )
    if problems:
        return Finding(_PART, "failing", " ".join(problems))
    pool = _KEEP_OPEN if arrival.is_last else ""
    return Finding(
        _PART,
        "ok",
        f"The proxy at {peer} says for whom it asks, and is believed: it knows this machine as {written[0]}.{pool}",
    )


def find_host_problem(arrival: Arrival, server: ServerConfig) -> str | None:
    """Find why `server.hosts` refuses what comes by the public URL, with what to do; None where it does not."""
    expected = _host_of(server.public_url)
    found = strip_port((arrival.host or "").lower().encode()).decode()
    if not server.hosts or found in server.hosts:
        return None
    if found == expected:
        return f"server.hosts refuses {expected}, by which people come: add it there."
    return (
        f"The proxy asks for the host {found[:64]!r}, which server.hosts refuses, instead of {expected}: have it keep "
        "Host (nginx: proxy_set_header Host $host)."
    )


def _host_of(url: str) -> str:
    return strip_port((URL(url).raw_authority or "").lower().encode()).decode()


def _list_untrusted(addresses: Sequence[str], networks: Sequence[IpNetwork]) -> list[str]:
    found = []
    for text in addresses:
        address = parse_address(text)
        if address is not None and str(address) not in found and not any(address in network for network in networks):
            found.append(str(address))
    return found
