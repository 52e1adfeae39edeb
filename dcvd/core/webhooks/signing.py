"""The two signatures of a webhook: the predecessor's and that of Standard Webhooks v1.

One secret of 64 hex characters keys both: `X-DCVaaS-Signature` uses it as text, Standard Webhooks its 32 bytes, which
the tenant sees as `whsec_` and standard base64.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from dcvd.core.ids import RandomBytes
from dcvd.core.secret import Secret

SIGNATURE_HEADER: Final = "X-DCVaaS-Signature"
PREVIOUS_SIGNATURE_HEADER: Final = "X-DCVaaS-Signature-Previous"
EVENT_HEADER: Final = "X-DCVaaS-Event"


def new_secret(random: RandomBytes) -> Secret:
    """Return a new secret: 64 hex characters, 256 random bits."""
    return Secret(random(32).hex())


def to_standard_secret(secret: Secret) -> Secret:
    """Return the secret in the form that Standard Webhooks libraries take: `whsec_…`."""
    return Secret("whsec_" + base64.b64encode(bytes.fromhex(secret.reveal())).decode())


def dcvaas_signature(secret: Secret, body: bytes) -> str:
    """Return the HMAC-SHA256 of the body in hex, keyed with the secret's text."""
    return hmac.digest(secret.reveal().encode(), body, hashlib.sha256).hex()


def standard_signature(secrets: Sequence[Secret], message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return `v1,<base64>` for each secret, newest first, joined by exactly one space."""
    content = b"%s.%d.%s" % (message_id.encode(), timestamp_s, body)
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(bytes.fromhex(secret.reveal()), content, hashlib.sha256)).decode()
        for secret in secrets
    )


def build_headers(
    secrets: Sequence[Secret], *, message_id: str, event_type: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """Return every header of a webhook that depends on its content.

    `secrets` are newest first, during a rotation with the earlier ones. `timestamp_s` is that of this attempt.
    """
    headers = {
        SIGNATURE_HEADER: dcvaas_signature(secrets[0], body),
        EVENT_HEADER: event_type,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": standard_signature(secrets, message_id, timestamp_s, body),
    }
    if len(secrets) > 1:
        headers[PREVIOUS_SIGNATURE_HEADER] = dcvaas_signature(secrets[1], body)
    return headers
