"""Explanations for the receiver's developer: why an attempt ended as it did, and what to do."""

from typing import Final, Literal, assert_never

from msgspec import Struct

from dcvd.core.http.exchanges import FailureReason
from dcvd.core.instants import to_seconds
from dcvd.core.text import make_printable
from dcvd.core.webhooks.answers import responses
from dcvd.core.webhooks.answers.responses import describe_host
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome

_Phase = Literal["turn", "name", "connection", "tls", "answer", "body"]

_NOTHING_TO_DO: Final = "Nothing: the delivery is tried again by its schedule."


class Explanation(Struct, frozen=True):
    """A sentence on what happened, and one on what to do; `fix` is empty where there is nothing to do."""

    sentence: str
    fix: str


def explain(attempt: Attempt, url: str) -> Explanation:
    """Explain one attempt to `url`, in plain text without control characters."""
    match attempt.outcome:
        case AttemptOutcome.DELIVERED:
            return Explanation(*responses.explain_success(attempt, url))
        case AttemptOutcome.HTTP_ERROR | AttemptOutcome.GONE:
            return Explanation(*responses.explain_refusal(attempt, url))
        case AttemptOutcome.REDIRECT:
            return Explanation(*responses.explain_redirect(attempt, url))
        case AttemptOutcome.TIMEOUT:
            return _explain_timeout(attempt, describe_host(url))
        case AttemptOutcome.INTERNAL:
            return Explanation(_describe_error(attempt, "dcvd itself failed at this attempt."), _NOTHING_TO_DO)
        case (
            AttemptOutcome.REFUSED_BY_POLICY
            | AttemptOutcome.DNS
            | AttemptOutcome.CONNECT
            | AttemptOutcome.TLS
            | AttemptOutcome.PROTOCOL
        ):
            return _explain_no_answer(attempt, describe_host(url))
        case _:
            assert_never(attempt.outcome)


def _describe_error(attempt: Attempt, otherwise: str) -> str:
    """Return the error that the attempt recorded, which may quote the system, or `otherwise` where it has none."""
    return make_printable(attempt.error or "") or otherwise


def _explain_timeout(attempt: Attempt, host: str) -> Explanation:
    sentence = _describe_error(
        attempt, f"{host} did not answer completely within {to_seconds(attempt.timings.total_ms):g} s."
    )
    phase = _slowest_phase(attempt)
    match phase:
        case "turn":
            fix = f"{_NOTHING_TO_DO} No connection was free for it, which is dcvd's own affair."
        case "name":
            fix = f"Check that every name server of {host} answers, and quickly."
        case "connection":
            fix = f"Let connections to {host} through: a firewall that drops packets silently looks just like this."
        case "tls":
            fix = f"Check what ends TLS on {host}: it took the connection, but did not finish the handshake."
        case "answer":
            fix = "Answer first and work later: store the event, answer 2xx, and handle it after that."
        case "body":
            fix = "End the answer at once: a status without a body is enough, and of a long one only 1 KiB is read."
        case _:
            assert_never(phase)
    return Explanation(sentence, fix)


def _slowest_phase(attempt: Attempt) -> _Phase:
    """Return the phase that took the most time; unmeasured time belongs to the phase after the last measured one."""
    timings = attempt.timings
    if timings.first_byte_ms is not None:
        return "body"
    spent: dict[_Phase, int] = {
        "name": timings.dns_ms or 0, "connection": timings.connect_ms or 0, "tls": timings.tls_ms or 0
    }  # fmt: skip
    if attempt.remote_ip is not None or timings.connect_ms is not None:
        last: _Phase = "answer"
    else:
        last = "turn" if timings.dns_ms is None else "connection"
    rest = timings.total_ms - sum(spent.values())
    spent[last] = spent.get(last, 0) + rest
    return max(spent, key=lambda phase: (spent[phase], phase == last))


def _explain_no_answer(attempt: Attempt, host: str) -> Explanation:
    if attempt.reason is not None:
        what = attempt.reason.replace("_", " ")
        return Explanation(
            _describe_error(attempt, f"No answer came from {host}: {what}."), _fix_for_reason(attempt.reason, host)
        )
    if attempt.outcome is AttemptOutcome.REFUSED_BY_POLICY:
        fix = "Change the URL or the custom headers of the webhook as the sentence says."
    else:
        fix = f"Check from another machine that {host} can be reached, and answers."
    return Explanation(_describe_error(attempt, f"No answer came from {host}."), fix)


def _fix_for_reason(reason: FailureReason, host: str) -> str:
    match reason:
        case FailureReason.BAD_URL:
            return "Correct the URL of the webhook."
        case FailureReason.ADDRESS_NOT_ALLOWED:
            return (
                f"Let {host} lead to a public address; private ones are only dialled where dcvd's operator allows it."
            )
        case FailureReason.PORT_NOT_ALLOWED:
            return "Listen on port 443 and leave the port out of the URL, or ask dcvd's operator to allow this one."
        case FailureReason.NAME_NOT_PUBLIC:
            return (
                f"Check the spelling of {host} in the URL, that its domain has not expired, and that it has an A or "
                "AAAA record with a public address; others are only dialled where dcvd's operator allows it."
            )
        case FailureReason.NAME_SERVER_FAILED:
            return f"Check that every name server of {host} answers; where they do, dcvd's own resolver was to blame."
        case FailureReason.CONNECTION_REFUSED:
            return f"Start the server of {host}, and check that it listens on the URL's port and to the outside."
        case FailureReason.HOST_UNREACHABLE:
            return f"Check that the machine of {host} is up, that its address is right, and that no firewall hides it."
        case FailureReason.NETWORK_UNREACHABLE:
            return (
                f"Probably none on your side: dcvd's own network has no way to {host}. Where it has only an IPv6 "
                "address, add an A record as well."
            )
        case FailureReason.OWN_LIMIT:
            return f"{_NOTHING_TO_DO} It was dcvd's own fault, and its operator's log says more."
        case FailureReason.CERTIFICATE_EXPIRED:
            return f"Renew the certificate that {host} shows, load it, and check what should have renewed it."
        case FailureReason.CERTIFICATE_NOT_YET_VALID:
            return f"Use a certificate on {host} that is valid already, and check the clock of what issued it."
        case FailureReason.CERTIFICATE_SELF_SIGNED:
            return f"Use a certificate of a public authority on {host}; a self-signed one proves nothing to anybody."
        case FailureReason.CERTIFICATE_UNTRUSTED:
            return (
                f"Let {host} show its whole chain, the intermediate certificates too (often called fullchain), and "
                "use a certificate of a public authority."
            )
        case FailureReason.CERTIFICATE_WRONG_NAME:
            return f"Use a certificate on {host} that names it, or put the name that it has into the URL."
        case FailureReason.CERTIFICATE_WEAK:
            return f"Use a certificate on {host} with long keys (RSA 2048 bits, ECDSA 256), signed with SHA-256."
        case FailureReason.CHAIN_EXPIRED:
            return (
                f"The certificate of {host} itself is valid: take the intermediate certificate that expired out of "
                "what it sends, and load the present one of its authority."
            )
        case FailureReason.TRUST_STORE_OUTDATED:
            return (
                f"Probably none on your side: dcvd's own list of authorities is old, and its operator's log says more. "
                f"Where {host} uses a root that has expired, change to one that has not."
            )
        case FailureReason.CLIENT_CERTIFICATE_REQUIRED:
            return (
                f"Give the webhook a certificate (clientCertificate) that {host} accepts, or let {host} ask for none "
                "at this URL: the signature of the delivery authenticates it."
            )
        case FailureReason.CLIENT_CERTIFICATE_REFUSED:
            return (
                f"Check that the clientCertificate of the webhook has not expired, and that {host} knows the authority "
                "that issued it."
            )
        case FailureReason.TLS_TOO_OLD:
            return (
                f"Update what ends TLS on {host}: it needs TLS 1.2 with secure renegotiation (RFC 5746) and keys of "
                "2048 bits, or better TLS 1.3."
            )
        case FailureReason.TLS_HANDSHAKE:
            return f"Check that {host} speaks TLS 1.2 or later on the URL's port, and asks for no client certificate."
        case FailureReason.CLOSED_WITHOUT_ANSWER:
            return (
                "Look in the receiver's log for a crash at that moment; a proxy or firewall may have hung up as well."
            )
        case FailureReason.CONNECTION_RESET:
            return "Look in the receiver's log for a crash or a restart at that moment, and answer before hanging up."
        case FailureReason.NOT_HTTP:
            return (
                "Check that the URL's port is that of an HTTP/1.1 server, and that https:// is not spoken as http://."
            )
        case FailureReason.TOO_MUCH:
            return "Answer with a status and a short body, or none: nothing beyond its first KiB is kept."
        case _:
            assert_never(reason)
