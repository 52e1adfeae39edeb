"""Send what a token endpoint takes, as a client that it knows."""

import base64
from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import quote_plus

from dcvd.config.oauth_sections import AuthMethod
from dcvd.core.secret import Secret
from dcvd.kit.http.fetch import Fetcher, FetchFailed, FetchResponse
from dcvd.oauth.token_responses import TokenResponseLost

FORM_TYPE: Final = "application/x-www-form-urlencoded"
_TIMEOUT_S: Final = 10.0
_MAX_RESPONSE_BYTES: Final = 64 * 1024


class OauthClient(Protocol):
    """Our client at a server, as a section of the configuration has it."""

    @property
    def client_id(self) -> str: ...
    @property
    def client_secret(self) -> Secret | None: ...
    @property
    def auth_method(self) -> AuthMethod: ...


def encode_client_authentication(client: OauthClient) -> tuple[dict[str, str], dict[str, str]]:
    """The headers and the members of the form that authenticate our client (RFC 6749, section 2.3.1)."""
    secret = client.client_secret.reveal() if client.client_secret else ""
    match client.auth_method:
        case "client_secret_basic":
            pair = f"{quote_plus(client.client_id)}:{quote_plus(secret)}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, {}
        case "client_secret_post":
            return {}, {"client_id": client.client_id, "client_secret": secret}
        case "none":
            return {}, {"client_id": client.client_id}


async def send_token_request(
    fetcher: Fetcher, url: str, headers: Mapping[str, str], media_type: str, body: bytes
) -> FetchResponse:
    """Send a request, once. Raises TokenResponseLost where no answer came."""
    all_headers = {**headers, "Content-Type": media_type, "Accept": "application/json"}
    try:
        return await fetcher.send(
            "POST", url, headers=all_headers, body=body, timeout_s=_TIMEOUT_S, max_bytes=_MAX_RESPONSE_BYTES
        )
    except FetchFailed as error:
        lost = TokenResponseLost(
            error.message, may_have_arrived=error.may_have_arrived, is_own_fault=error.is_own_fault
        )
    # Raised outside the handler, so that it chains no error: an error of the HTTP client may quote an answer that
    # it could not parse, and that answer may hold tokens.
    raise lost
