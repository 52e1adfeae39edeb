"""Check the way that webhooks take from this machine: network, proxy, certificate authorities and clock."""

from typing import Literal, assert_never

from msgspec import Struct

from dcvd.config import Config
from dcvd.core.clock_discipline import is_far_apart
from dcvd.core.http.exchanges import OwnFault
from dcvd.core.webhooks.answers.receiver_clock import describe_difference
from dcvd.kit.egress.control import ControlServer
from dcvd.services.trust_stores import TrustStores
from dcvd.services.webhooks.outgoing_proxy import build_proxy


class SendingWay(Struct, frozen=True):
    """Whether webhooks can be sent from here, and what was found, in a sentence."""

    state: Literal["ok", "failing"]
    message: str


async def check_way(config: Config, trust_stores: TrustStores) -> SendingWay:
    """Reach Cloudflare's API as webhooks reach their receivers, without its token. Never raises; it takes seconds."""
    proxy = build_proxy(config, lambda: trust_stores.webhooks)
    base_url = config.cloudflare.base_url
    control = ControlServer(lambda: base_url, get_trust=lambda: trust_stores.webhooks, proxy=proxy)
    verdict = await control.ask()
    fault = verdict.way or verdict.trust
    if fault is not None:
        return SendingWay("failing", f"Webhooks cannot be sent: {_describe(fault, base_url)}")
    if verdict.ahead_ms is not None and is_far_apart(verdict.ahead_ms):
        # Receivers refuse a timestamp that is minutes off.
        apart = describe_difference(verdict.ahead_ms)
        message = f"Receivers will refuse webhooks: the clock of this machine is wrong by {apart}; set it right."
        return SendingWay("failing", message)
    way = "through webhooks.proxy" if proxy is not None else "from this machine"
    return SendingWay("ok", f"Webhooks can be sent {way}: {base_url} was reached in the same way.")


def _describe(fault: OwnFault, base_url: str) -> str:
    match fault:
        case OwnFault.PROXY:
            return f"webhooks.proxy is down, refuses us, or does not reach {base_url}."
        case OwnFault.RESOLVER:
            return "the resolver of this machine does not answer; see /etc/resolv.conf."
        case OwnFault.NO_ROUTE | OwnFault.NETWORK:
            return f"{base_url} cannot be reached from this machine; check its network and its firewall."
        case OwnFault.LIMIT:
            return "this machine has no descriptor, port or thread left."
        case OwnFault.CLOCK:
            return f"by the clock of this machine the certificate of {base_url} is not valid; set the clock right."
        case OwnFault.TRUST_STORE:
            return (
                f"the certificate of {base_url} is not trusted here; update the system's certificate authorities, or "
                "name those of your network in webhooks.ca_file."
            )
        case _:
            assert_never(fault)
