"""English: attempts to which no answer came."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ATTEMPTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Parts of others: what is put into words elsewhere.
        "recorded": "{text}",
        "step": "{action} {target_id}",
        "receiver_without_name": "the receiver",
        # What happened.
        "attempt_failed": "No answer came from {host}.",
        "attempt_failed_internal": "dcvd itself failed at this attempt.",
        "attempt_timed_out": "{host} did not answer completely within {seconds} s.",
        "attempt_seconds_decimal": "{whole}.{fraction}",
        "attempt_failed_bad_url": "No answer came from {host}: bad url.",
        "attempt_failed_address_not_allowed": "No answer came from {host}: address not allowed.",
        "attempt_failed_port_not_allowed": "No answer came from {host}: port not allowed.",
        "attempt_failed_name_not_public": "No answer came from {host}: name not public.",
        "attempt_failed_name_server_failed": "No answer came from {host}: name server failed.",
        "attempt_failed_connection_refused": "No answer came from {host}: connection refused.",
        "attempt_failed_host_unreachable": "No answer came from {host}: host unreachable.",
        "attempt_failed_network_unreachable": "No answer came from {host}: network unreachable.",
        "attempt_failed_own_limit": "No answer came from {host}: own limit.",
        "attempt_failed_certificate_expired": "No answer came from {host}: certificate expired.",
        "attempt_failed_certificate_not_yet_valid": "No answer came from {host}: certificate not yet valid.",
        "attempt_failed_certificate_self_signed": "No answer came from {host}: certificate self signed.",
        "attempt_failed_certificate_untrusted": "No answer came from {host}: certificate untrusted.",
        "attempt_failed_certificate_wrong_name": "No answer came from {host}: certificate wrong name.",
        "attempt_failed_certificate_weak": "No answer came from {host}: certificate weak.",
        "attempt_failed_chain_expired": "No answer came from {host}: chain expired.",
        "attempt_failed_trust_store_outdated": "No answer came from {host}: trust store outdated.",
        "attempt_failed_client_certificate_required": "No answer came from {host}: client certificate required.",
        "attempt_failed_client_certificate_refused": "No answer came from {host}: client certificate refused.",
        "attempt_failed_tls_too_old": "No answer came from {host}: tls too old.",
        "attempt_failed_tls_handshake": "No answer came from {host}: tls handshake.",
        "attempt_failed_closed_without_answer": "No answer came from {host}: closed without answer.",
        "attempt_failed_connection_reset": "No answer came from {host}: connection reset.",
        "attempt_failed_not_http": "No answer came from {host}: not http.",
        "attempt_failed_too_much": "No answer came from {host}: too much.",
        # What to do.
        "attempt_nothing_to_do": "Nothing: the delivery is tried again by its schedule.",
        "attempt_fix_late_turn": (
            "Nothing: the delivery is tried again by its schedule. No connection was free for it, which is dcvd's own "
            "affair."
        ),
        "attempt_fix_late_name": "Check that every name server of {host} answers, and quickly.",
        "attempt_fix_late_connection": (
            "Let connections to {host} through: a firewall that drops packets silently looks just like this."
        ),
        "attempt_fix_late_tls": (
            "Check what ends TLS on {host}: it took the connection, but did not finish the handshake."
        ),
        "attempt_fix_late_answer": (
            "Answer first and work later: store the event, answer 2xx, and handle it after that."
        ),
        "attempt_fix_late_body": (
            "End the answer at once: a status without a body is enough, and of a long one only 1 KiB is read."
        ),
        "attempt_fix_refused": "Change the URL or the custom headers of the webhook as the sentence says.",
        "attempt_fix_unreached": "Check from another machine that {host} can be reached, and answers.",
        "attempt_fix_bad_url": "Correct the URL of the webhook.",
        "attempt_fix_address_not_allowed": (
            "Let {host} lead to a public address; private ones are only dialled where dcvd's operator allows it."
        ),
        "attempt_fix_port_not_allowed": (
            "Listen on port 443 and leave the port out of the URL, or ask dcvd's operator to allow this one."
        ),
        "attempt_fix_name_not_public": (
            "Check the spelling of {host} in the URL, that its domain has not expired, and that it has an A or AAAA "
            "record with a public address; others are only dialled where dcvd's operator allows it."
        ),
        "attempt_fix_name_server_failed": (
            "Check that every name server of {host} answers; where they do, dcvd's own resolver was to blame."
        ),
        "attempt_fix_connection_refused": (
            "Start the server of {host}, and check that it listens on the URL's port and to the outside."
        ),
        "attempt_fix_host_unreachable": (
            "Check that the machine of {host} is up, that its address is right, and that no firewall hides it."
        ),
        "attempt_fix_network_unreachable": (
            "Probably none on your side: dcvd's own network has no way to {host}. Where it has only an IPv6 address, "
            "add an A record as well."
        ),
        "attempt_fix_own_limit": (
            "Nothing: the delivery is tried again by its schedule. It was dcvd's own fault, and its operator's log "
            "says more."
        ),
        "attempt_fix_certificate_expired": (
            "Renew the certificate that {host} shows, load it, and check what should have renewed it."
        ),
        "attempt_fix_certificate_not_yet_valid": (
            "Use a certificate on {host} that is valid already, and check the clock of what issued it."
        ),
        "attempt_fix_certificate_self_signed": (
            "Use a certificate of a public authority on {host}; a self-signed one proves nothing to anybody."
        ),
        "attempt_fix_certificate_untrusted": (
            "Let {host} show its whole chain, the intermediate certificates too (often called fullchain), and use a "
            "certificate of a public authority."
        ),
        "attempt_fix_certificate_wrong_name": (
            "Use a certificate on {host} that names it, or put the name that it has into the URL."
        ),
        "attempt_fix_certificate_weak": (
            "Use a certificate on {host} with long keys (RSA 2048 bits, ECDSA 256), signed with SHA-256."
        ),
        "attempt_fix_chain_expired": (
            "The certificate of {host} itself is valid: take the intermediate certificate that expired out of what it "
            "sends, and load the present one of its authority."
        ),
        "attempt_fix_trust_store_outdated": (
            "Probably none on your side: dcvd's own list of authorities is old, and its operator's log says more. "
            "Where {host} uses a root that has expired, change to one that has not."
        ),
        "attempt_fix_client_certificate_required": (
            "Give the webhook a certificate (clientCertificate) that {host} accepts, or let {host} ask for none at "
            "this URL: the signature of the delivery authenticates it."
        ),
        "attempt_fix_client_certificate_refused": (
            "Check that the clientCertificate of the webhook has not expired, and that {host} knows the authority that "
            "issued it."
        ),
        "attempt_fix_tls_too_old": (
            "Update what ends TLS on {host}: it needs TLS 1.2 with secure renegotiation (RFC 5746) and keys of 2048 "
            "bits, or better TLS 1.3."
        ),
        "attempt_fix_tls_handshake": (
            "Check that {host} speaks TLS 1.2 or later on the URL's port, and asks for no client certificate."
        ),
        "attempt_fix_closed_without_answer": (
            "Look in the receiver's log for a crash at that moment; a proxy or firewall may have hung up as well."
        ),
        "attempt_fix_connection_reset": (
            "Look in the receiver's log for a crash or a restart at that moment, and answer before hanging up."
        ),
        "attempt_fix_not_http": (
            "Check that the URL's port is that of an HTTP/1.1 server, and that https:// is not spoken as http://."
        ),
        "attempt_fix_too_much": "Answer with a status and a short body, or none: nothing beyond its first KiB is kept.",
    }
)
"""The templates by their ids."""
