"""`/hooks/cloudflare`: receives Cloudflare's notifications.

It is not in the published schema, which is for tenants.
"""

from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import post
from msgspec import Struct

from dcvd.core.custom_hostnames.notifications import read_notification
from dcvd.errors import InvalidInput
from dcvd.http.access.authentication import AsgiConnection, get_services, read_client_address
from dcvd.http.answers.problems import HttpRefusal, route_not_found
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.kit.logs.anonymous_lines import mark_known
from dcvd.services.lifecycle.cloudflare_notifications import NotificationOutcome

_SECRET_HEADER: Final = b"cf-webhook-auth"
_MAX_BODY_BYTES: Final = 64 * 1024


class NotificationAnswer(Struct, frozen=True):
    """What became of a notification; it need not be sent again, whatever the outcome."""

    outcome: NotificationOutcome


async def check_sender(connection: AsgiConnection, _: object) -> None:
    """Check the sender's secret. Raises NotFound if there is none; HttpRefusal, TooManyRequests if it is wrong."""
    services = get_services(connection.scope)
    secret = services.context.config.cloudflare.webhook_secret
    if not secret:
        raise route_not_found()
    if not _has_secret(connection.scope["headers"], secret.reveal()):
        # The answer does not say what is wrong: the secret may be missing, there twice, or another one.
        raise services.failed_authentications.record(read_client_address(connection.scope)) or HttpRefusal(
            HTTPStatus.UNAUTHORIZED,
            "unauthenticated",
            "The notification does not carry the secret of this address in the header cf-webhook-auth.",
            headers={"WWW-Authenticate": 'Cf-Webhook-Auth realm="dcvd"'},
        )
    mark_known()


def _has_secret(headers: Iterable[tuple[bytes, bytes]], secret: str) -> bool:
    secrets = [value for name, value in headers if name == _SECRET_HEADER]
    expected = sha256(secret.encode()).digest()
    # Digests are of one length, so not even the secret's length can be measured.
    matches = [compare_digest(sha256(value).digest(), expected) for value in secrets]
    return matches == [True]


@post("/cloudflare", status_code=200)
async def receive_notification(request: ApiRequest) -> NotificationAnswer:
    """Take a notification as a hint to check a hostname now; one that is not understood gets the same answer."""
    limit = min(_MAX_BODY_BYTES, request.context.config.server.request_body_limit)
    body = await request.read_body(limit, may_be_empty=False, any_media_type=True)
    return NotificationAnswer(await request.services.hints.handle(read_notification(_parse_json(body))))


def _parse_json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("body", "The body is not valid JSON.", code="malformed_json") from error


ROUTER: Final = Router("/hooks", route_handlers=[receive_notification], guards=[check_sender], include_in_schema=False)
