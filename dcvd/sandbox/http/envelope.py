"""Build responses in Cloudflare's envelope, its refusals by number, and the headers of every answer.

Sources of numbers and texts: Cloudflare's "Status codes - Custom hostnames", and the answers of its gateway.
"""

from collections.abc import Mapping, Sequence
from typing import Final

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


_INPUT_ERRORS: Final = {
    1400: "Unable to decode the JSON request body.",
    1401: "Unable to encode the Custom Metadata as JSON.",
    1403: "The request has no Authorization header.",
    1407: f"Invalid custom hostname. Custom hostnames {_CHARACTERS}",
    1408: "Custom hostnames with non-ASCII characters are not supported.",
    1410: "Unable to parse custom hostname - publicsuffix: cannot derive eTLD+1 for domain.",
    1411: "Custom hostnames ending in example.com, example.net, or example.org are prohibited.",
    1415: f"Invalid custom origin hostname. Custom origin hostnames {_CHARACTERS}",
    1416: "Custom origin hostnames with non-ASCII characters are not supported.",
    1420: "Wildcard custom origin hostnames are not supported.",
    1422: "Invalid `http2` setting. Only 'on' or 'off' is accepted.",
    1424: "Invalid `tls_1_3` setting. Only 'on' or 'off' is accepted.",
    1425: "Invalid `min_tls_version` setting. Only '1.0','1.1','1.2' or '1.3' is accepted.",
    1426: "The certificate that you uploaded cannot be parsed.",
    1432: "The validation method is not supported. Only `http`, `email`, or `txt` are accepted.",
    1433: "The validation type is not supported. Only 'dv' is accepted.",
    1435: "The custom hostname ID is invalid.",
    1437: f"Invalid hostname.contain query parameter. The hostname.contain query parameter {_CHARACTERS}",
    1438: "Cannot specify other filter parameters in addition to `id`. Only one must be specified.",
    1440: "Both validation type and validation method are required.",
    1442: "Invalid `ciphers` setting. Refer to the documentation for the list of accepted cipher suites.",
    1443: "Cipher suite selection is not supported for a minimum TLS version of 1.3.",
}
"""Refusals with status 400, each of which ends with `_CHECK_SENTENCE`."""
_KNOWN_ERRORS: Final[Mapping[int, tuple[int, str]]] = {
    **{number: (400, f"{text} {_CHECK_SENTENCE}") for number, text in _INPUT_ERRORS.items()},
    1000: (401, "Invalid API Token"),
    1004: (400, "DNS Validation Error."),
    1404: (403, "No quota has been allocated for this zone."),
    1405: (403, "Quota exceeded."),
    1406: (409, "Duplicate custom hostname found."),
    1434: (400, "The SSL attribute is invalid. Refer to the API documentation, check your input and try again."),
    1436: (404, "The custom hostname was not found."),
    1439: (409, f"Modifying the custom hostname is not supported. {_CHECK_SENTENCE}"),
    1448: (
        400,
        "Custom hostnames with wildcards are not supported for certificates managed by Cloudflare. "
        "Review your input and try again.",
    ),
    1449: (400, "The request input `bundle_method` must be one of: ubiquitous, optimal, force."),
    1413: (403, "No custom metadata access has been allocated for this zone or account."),
    1414: (403, "No custom origin server access has been allocated for this zone or account."),
    1459: (400, "Certificate Authority selection is only available on an Enterprise plan."),
    # Cloudflare documents no number for this one.
    1460: (400, "Wildcard custom hostnames are only available on an Enterprise plan."),
    1469: (
        400,
        "The hostname is longer than 64 characters; set `cloudflare_branding` to true to order its certificate.",
    ),
    1500: (500, "Internal Server Error"),
    1551: (404, "Resource not found."),
    6003: (400, "Invalid request"),
    7003: (404, "Could not route to the requested path, perhaps your object identifier is invalid?"),
    9109: (403, "Unauthorized to access requested resource"),
    10000: (401, "Authentication error"),
    10405: (405, "Method not allowed for this resource"),
    81044: (404, "Record does not exist."),
    81045: (400, "The record quota of this zone has been exceeded."),
    81053: (400, "An A, AAAA, or CNAME record with that host already exists."),
    81054: (400, "A CNAME record with that host already exists."),
    81056: (400, "NS records with that host already exist, or are not alone there."),
    81057: (400, "The record already exists."),
    81058: (400, "An identical record already exists."),
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


def no_route_error() -> CloudflareErrorResponse:
    """The refusal of a path that Cloudflare does not have."""
    return CloudflareErrorResponse(7003, chain=[(7000, "No route for that URI")])


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
    return _failure_response(cloudflare_refusal.status, error)


def failure_response(status: int, number: int, message: str) -> web.Response:
    """Build a failure envelope with any status, for statuses that no refusal has."""
    return _failure_response(status, {"code": number, "message": message})


def _failure_response(status: int, error: Mapping[str, object]) -> web.Response:
    return json_response({"success": False, "errors": [error], "messages": [], "result": None}, status)


def json_response(body: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
