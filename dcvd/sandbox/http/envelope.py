"""Build responses in Cloudflare's envelope, its refusals by number, and the headers of every answer.

Sources of numbers and texts: Cloudflare's "Status codes - Custom hostnames", and the answers of its gateway.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from aiohttp import web

from dcvd.errors import DcvdError

_CHECK_SENTENCE: Final = "Check your input and try again."
_CHARACTERS: Final = (
    "have to be smaller than 256 characters in length, cannot be IP addresses, cannot contain any special characters "
    "such as `~`!@#$%^&*()=+{}[]\\|;:'\",<>/? or spaces, and cannot begin or end with a '-' character."
)

# The remaining count never falls: without a limit, a client that reads it must not be slowed down.
RATE_LIMIT_HEADERS: Final = {"Ratelimit": '"default";r=1199;t=300', "Ratelimit-Policy": '"default";q=1200;w=300'}


class _KnownError(NamedTuple):
    status: int
    text: str


_KNOWN_ERRORS: Final[Mapping[int, _KnownError]] = {
    1000: _KnownError(401, "Invalid API Token"),
    1004: _KnownError(400, "DNS Validation Error."),
    1400: _KnownError(400, f"Unable to decode the JSON request body. {_CHECK_SENTENCE}"),
    1401: _KnownError(400, f"Unable to encode the Custom Metadata as JSON. {_CHECK_SENTENCE}"),
    1403: _KnownError(400, f"The request has no Authorization header. {_CHECK_SENTENCE}"),
    1405: _KnownError(403, "Quota exceeded."),
    1406: _KnownError(409, "Duplicate custom hostname found."),
    1407: _KnownError(400, f"Invalid custom hostname. Custom hostnames {_CHARACTERS} {_CHECK_SENTENCE}"),
    1408: _KnownError(400, f"Custom hostnames with non-ASCII characters are not supported. {_CHECK_SENTENCE}"),
    1410: _KnownError(
        400, f"Unable to parse custom hostname - publicsuffix: cannot derive eTLD+1 for domain. {_CHECK_SENTENCE}"
    ),
    1411: _KnownError(
        400, f"Custom hostnames ending in example.com, example.net, or example.org are prohibited. {_CHECK_SENTENCE}"
    ),
    1415: _KnownError(400, f"Invalid custom origin hostname. Custom origin hostnames {_CHARACTERS} {_CHECK_SENTENCE}"),
    1416: _KnownError(400, f"Custom origin hostnames with non-ASCII characters are not supported. {_CHECK_SENTENCE}"),
    1420: _KnownError(400, f"Wildcard custom origin hostnames are not supported. {_CHECK_SENTENCE}"),
    1422: _KnownError(400, f"Invalid `http2` setting. Only 'on' or 'off' is accepted. {_CHECK_SENTENCE}"),
    1424: _KnownError(400, f"Invalid `tls_1_3` setting. Only 'on' or 'off' is accepted. {_CHECK_SENTENCE}"),
    1425: _KnownError(
        400, f"Invalid `min_tls_version` setting. Only '1.0','1.1','1.2' or '1.3' is accepted. {_CHECK_SENTENCE}"
    ),
    1426: _KnownError(400, f"The certificate that you uploaded cannot be parsed. {_CHECK_SENTENCE}"),
    1432: _KnownError(
        400, f"The validation method is not supported. Only `http`, `email`, or `txt` are accepted. {_CHECK_SENTENCE}"
    ),
    1433: _KnownError(400, f"The validation type is not supported. Only 'dv' is accepted. {_CHECK_SENTENCE}"),
    1434: _KnownError(
        400, "The SSL attribute is invalid. Refer to the API documentation, check your input and try again."
    ),
    1435: _KnownError(400, f"The custom hostname ID is invalid. {_CHECK_SENTENCE}"),
    1436: _KnownError(404, "The custom hostname was not found."),
    1437: _KnownError(
        400,
        f"Invalid hostname.contain query parameter. The hostname.contain query parameter {_CHARACTERS} "
        f"{_CHECK_SENTENCE}",
    ),
    1438: _KnownError(
        400,
        f"Cannot specify other filter parameters in addition to `id`. Only one must be specified. {_CHECK_SENTENCE}",
    ),
    1439: _KnownError(409, f"Modifying the custom hostname is not supported. {_CHECK_SENTENCE}"),
    1440: _KnownError(400, f"Both validation type and validation method are required. {_CHECK_SENTENCE}"),
    1442: _KnownError(
        400,
        "Invalid `ciphers` setting. Refer to the documentation for the list of accepted cipher suites. "
        f"{_CHECK_SENTENCE}",
    ),
    1443: _KnownError(
        400, f"Cipher suite selection is not supported for a minimum TLS version of 1.3. {_CHECK_SENTENCE}"
    ),
    1448: _KnownError(
        400,
        "Custom hostnames with wildcards are not supported for certificates managed by Cloudflare. "
        "Review your input and try again.",
    ),
    1449: _KnownError(400, "The request input `bundle_method` must be one of: ubiquitous, optimal, force."),
    1469: _KnownError(
        400, "The hostname is longer than 64 characters; set `cloudflare_branding` to true to order its certificate."
    ),
    1500: _KnownError(500, "Internal Server Error"),
    1551: _KnownError(404, "Resource not found."),
    6003: _KnownError(400, "Invalid request"),
    7003: _KnownError(404, "Could not route to the requested path, perhaps your object identifier is invalid?"),
    9109: _KnownError(403, "Unauthorized to access requested resource"),
    10000: _KnownError(401, "Authentication error"),
    10405: _KnownError(405, "Method not allowed for this resource"),
    81044: _KnownError(404, "Record does not exist."),
    81045: _KnownError(400, "The record quota of this zone has been exceeded."),
    81053: _KnownError(400, "An A, AAAA, or CNAME record with that host already exists."),
    81054: _KnownError(400, "A CNAME record with that host already exists."),
    81056: _KnownError(400, "NS records with that host already exist, or are not alone there."),
    81057: _KnownError(400, "The record already exists."),
    81058: _KnownError(400, "An identical record already exists."),
}


class CloudflareErrorResponse(DcvdError):
    """The sandbox answers with this error of Cloudflare's; `number` is its code, `detail` is appended to its text.

    status: None for the usual status of that number.
    """

    code = "cloudflare_refusal"

    def __init__(
        self, number: int, detail: str = "", *, chain: Sequence[tuple[int, str]] = (), status: int | None = None
    ) -> None:
        usual_status, text = _KNOWN_ERRORS[number]
        self.status = usual_status if status is None else status
        super().__init__(f"{text} {detail}".strip())
        self.number = number
        self.chain = chain


def success_response(
    result: object, *, status: int = 200, messages: Sequence[object] = (), info: Mapping[str, int] | None = None
) -> web.Response:
    body: dict[str, object] = {"success": True, "errors": [], "messages": list(messages), "result": result}
    if info is not None:
        body["result_info"] = info
    return json_response(body, status)


def refusal_response(cloudflare_refusal: CloudflareErrorResponse) -> web.Response:
    error: dict[str, object] = {"code": cloudflare_refusal.number, "message": cloudflare_refusal.message}
    if cloudflare_refusal.chain:
        error["error_chain"] = [{"code": code, "message": message} for code, message in cloudflare_refusal.chain]
    return json_response(
        {"success": False, "errors": [error], "messages": [], "result": None}, cloudflare_refusal.status
    )


def failure_response(status: int, number: int, message: str) -> web.Response:
    """Build a failure envelope with any status, for statuses that no refusal has."""
    errors = [{"code": number, "message": message}]
    return json_response({"success": False, "errors": errors, "messages": [], "result": None}, status)


def json_response(body: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
