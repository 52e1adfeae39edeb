"""The words of alerts: what happened, and what to do, for people who know their business and not ours."""

from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.alerts.groups import AlertGroup
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.alerts.messages import Content
from dcvd.core.text import make_printable, shorten

_MAX_NAME_CHARACTERS: Final = 100
_BY_WEIGHT: Final = (
    AlertKind.CLOUDFLARE_FAULT,
    AlertKind.DOMAIN_BROKEN,
    AlertKind.RENEWAL_OVERDUE,
    AlertKind.CERTIFICATE_EXPIRING,
    AlertKind.ENDPOINT_DISABLED,
    AlertKind.ENDPOINT_FAILING,
    AlertKind.EVENT_REFUSED,
    AlertKind.CONNECTION_CONSENT_NEEDED,
    AlertKind.JOB_DEAD,
    AlertKind.ENDPOINT_RECOVERED,
)
_DISARMED: Final = str.maketrans({"<": "‹", ">": "›", "@": "＠", "`": "'", "*": "∗", "[": "(", "]": ")"})


class KindWords(Struct, frozen=True):
    """one, many: the headline, of one name or of `{count}`. advice: what to do."""

    one: str
    many: str
    advice: str


def describe_kind(kind: AlertKind) -> KindWords:
    """Return the words for a kind."""
    match kind:
        case AlertKind.ENDPOINT_FAILING:
            return KindWords(
                "A webhook cannot be delivered: {name}",
                "{count} webhooks cannot be delivered",
                "Look at the receiver: its logs, its certificate, its firewall. Nothing is lost yet; deliveries are "
                "repeated for about three days, and `GET /api/deliveries/{id}/explain` says what is wrong.",
            )
        case AlertKind.EVENT_REFUSED:
            return KindWords(
                "A webhook refuses one type of event: {name}",
                "{count} webhooks refuse one type of event",
                "Its receiver takes other events. Let it take these as well, take the type out of the webhook's "
                "`events`, or give up what it refuses by `POST /api/deliveries/{id}/cancel`.",
            )
        case AlertKind.ENDPOINT_DISABLED:
            return KindWords(
                "A webhook was switched off: {name}",
                "{count} webhooks were switched off",
                "Its receiver answered 410, or nothing was delivered for days. Repair the receiver, then enable the "
                'webhook by `PATCH /api/webhooks/{id}` with `"enabled": true`; what is held for it is sent then.',
            )
        case AlertKind.ENDPOINT_RECOVERED:
            return KindWords(
                "A webhook works again: {name}",
                "{count} webhooks work again",
                "There is nothing to do: what waited is being delivered.",
            )
        case AlertKind.DOMAIN_BROKEN:
            return KindWords(
                "A domain does not work any more: {name}",
                "{count} domains do not work any more",
                "They worked before. `GET /api/domains/{id}/diagnosis` says who has to change which DNS record.",
            )
        case AlertKind.RENEWAL_OVERDUE:
            return KindWords(
                "The renewal of a certificate is overdue: {name}",
                "The renewals of {count} certificates are overdue",
                "Unless that changes, browsers will refuse these domains once their certificates expire. Most often a "
                "DNS record was changed, or a CAA record forbids the renewal: see `GET /api/domains/{id}/diagnosis`.",
            )
        case AlertKind.CERTIFICATE_EXPIRING:
            return KindWords(
                "A certificate expires within a week: {name}",
                "{count} certificates expire within a week",
                "Their renewals are under way, and not done. Look at `GET /api/domains/{id}/diagnosis` now, while "
                "there is time.",
            )
        case AlertKind.CONNECTION_CONSENT_NEEDED:
            return KindWords(
                "A connection to a DNS provider needs its owner: {name}",
                "{count} connections to DNS providers need their owners",
                "The provider refuses what it was given. Until its owner connects anew, no DNS records are written "
                "through the connection; domains that work go on working.",
            )
        case AlertKind.JOB_DEAD:
            return KindWords(
                "Work was given up: {name}",
                "Work was given up for {count} domains or connections",
                "All attempts failed. Once the cause is gone, `POST /api/jobs/{id}/retry` starts it again.",
            )
        case AlertKind.CLOUDFLARE_FAULT:
            return KindWords(
                "Cloudflare: {name}",
                "Cloudflare: {count} faults",
                "Until this is cured no hostname is registered or becomes active. `dcvd check-config` and the metric "
                "dcvd_cloudflare_zone_faults say more.",
            )
        case _:
            assert_never(kind)


def compose_alert(groups: list[AlertGroup], audience: str) -> Content:
    """Compose what an audience is told of everything that was gathered for it, what matters most first.

    audience: the name of the organization, or of the operator's daemon.
    """
    groups = sorted(groups, key=lambda group: (_BY_WEIGHT.index(group.kind), -group.count, group.cause))
    headlines = [_headline(group) for group in groups]
    subject = headlines[0] if len(groups) == 1 else f"{headlines[0]}, and {len(groups) - 1} more"
    sections = [_describe_group(group, headline) for group, headline in zip(groups, headlines, strict=True)]
    return Content(f"[{_clean(audience)}] {subject}", "\n\n".join(sections) + "\n")


def compose_confirmation(organization: str) -> Content:
    """Compose the question whether an address wants the alerts of an organization."""
    name = _clean(organization)
    return Content(
        f"[{name}] Do you want to be told when something goes wrong?",
        f"{name} wants to send you alerts about its custom domains to this address: when a domain stops working, a "
        "certificate is not renewed, or its own systems cannot be reached.\n\n"
        "If you want them, open this page and press the button there:\n\n"
        "{link}\n\n"
        "The link is good for three days. If you do not know what this is about, do nothing: you will get no alerts.\n"
        "\nIf nobody is to have you asked again:\n\n{refusal}\n",
    )


def compose_test() -> Content:
    """Compose what `dcvd mail test` sends."""
    return Content(
        "[dcvd] This is a test",
        "This mail was sent by `dcvd mail test`. If you can read it, dcvd reaches you through its mail server.\n",
    )


def add_footer(text: str, organization: str, unsubscribe_url: str) -> str:
    """Return a text with the way out of such mails."""
    return (
        f"{text}\n-- \nYou get this because alerts of {_clean(organization)} were agreed to with this address.\n"
        f"No more of them: {unsubscribe_url}\n"
    )


def disarm(text: str) -> str:
    """Return a text for chat services, in which no name of a tenant calls people or hides a link."""
    return text.translate(_DISARMED)


def _headline(group: AlertGroup) -> str:
    words = describe_kind(group.kind)
    if group.count == 1:
        return words.one.format(name=shorten(group.names[0], _MAX_NAME_CHARACTERS))
    return words.many.format(count=group.count)


def _describe_group(group: AlertGroup, headline: str) -> str:
    lines = [headline, ""]
    lines += [f"  {name}" for name in group.names]
    if (rest := group.count - len(group.names)) > 0:
        lines.append(f"  and {rest} more")
    if group.detail:
        lines += ["", f"What was found: {group.detail}"]
    lines += ["", f"What to do: {describe_kind(group.kind).advice}"]
    return "\n".join(lines)


def _clean(name: str) -> str:
    return shorten(make_printable(name), _MAX_NAME_CHARACTERS)
