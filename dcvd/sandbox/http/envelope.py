"""Cloudflare's response envelope, its refusals by number, and the headers that every answer carries.

Numbers and texts: Cloudflare's "Status codes - Custom hostnames", and what its gateway answers before that.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from aiohttp import web

from dcvd.errors import DcvdError

_CHECK: Final = "Check your input and try again."
_CHARACTERS: Final = (
    "have to be smaller than 256 characters in length, cannot be IP addresses, cannot contain any special characters "
    "such as `~`!@#$%^&*()=+{}[]\\|;:'\",<>/? or spaces, and cannot begin or end with a '-' character."
)

# The remaining count never falls: the sandbox limits nobody, and a client that reads it must not be slowed down.
RATE_LIMIT_HEADERS: Final = {"Ratelimit": '"default";r=1199;t=300', "Ratelimit-Policy": '"default";q=1200;w=300'}


class _Refusal(NamedTuple):
    status: int
    text: str


_REFUSALS: Final[Mapping[int, _Refusal]] = {
    1000: _Refusal(401, "Invalid API Token"),
    1004: _Refusal(400, "DNS Validation Error."),
    1400: _Refusal(400, f"Unable to decode the JSON request body. {_CHECK}"),
    1401: _Refusal(400, f"Unable to encode the Custom Metadata as JSON. {_CHECK}"),
    1403: _Refusal(400, f"The request has no Authorization header. {_CHECK}"),
    1405: _Refusal(403, "Quota exceeded."),
    1406: _Refusal(409, "Duplicate custom hostname found."),
    1407: _Refusal(400, f"Invalid custom hostname. Custom hostnames {_CHARACTERS} {_CHECK}"),
    1408: _Refusal(400, f"Custom hostnames with non-ASCII characters are not supported. {_CHECK}"),
    1410: _Refusal(400, f"Unable to parse custom hostname - publicsuffix: cannot derive eTLD+1 for domain. {_CHECK}"),
    1411: _Refusal(
        400, f"Custom hostnames ending in example.com, example.net, or example.org are prohibited. {_CHECK}"
    ),
    1415: _Refusal(400, f"Invalid custom origin hostname. Custom origin hostnames {_CHARACTERS} {_CHECK}"),
    1416: _Refusal(400, f"Custom origin hostnames with non-ASCII characters are not supported. {_CHECK}"),
    1420: _Refusal(400, f"Wildcard custom origin hostnames are not supported. {_CHECK}"),
    1422: _Refusal(400, f"Invalid `http2` setting. Only 'on' or 'off' is accepted. {_CHECK}"),
    1424: _Refusal(400, f"Invalid `tls_1_3` setting. Only 'on' or 'off' is accepted. {_CHECK}"),
    1425: _Refusal(400, f"Invalid `min_tls_version` setting. Only '1.0','1.1','1.2' or '1.3' is accepted. {_CHECK}"),
    1426: _Refusal(400, f"The certificate that you uploaded cannot be parsed. {_CHECK}"),
    1432: _Refusal(
        400, f"The validation method is not supported. Only `http`, `email`, or `txt` are accepted. {_CHECK}"
    ),
    1433: _Refusal(400, f"The validation type is not supported. Only 'dv' is accepted. {_CHECK}"),
    1434: _Refusal(
        400, "The SSL attribute is invalid. Refer to the API documentation, check your input and try again."
    ),
    1435: _Refusal(400, f"The custom hostname ID is invalid. {_CHECK}"),
    1436: _Refusal(404, "The custom hostname was not found."),
    1437: _Refusal(
        400, f"Invalid hostname.contain query parameter. The hostname.contain query parameter {_CHARACTERS} {_CHECK}"
    ),
    1438: _Refusal(
        400,
        f"Cannot specify other filter parameters in addition to `id`. Only one must be specified. {_CHECK}",
    ),
    1439: _Refusal(409, f"Modifying the custom hostname is not supported. {_CHECK}"),
    1440: _Refusal(400, f"Both validation type and validation method are required. {_CHECK}"),
    1442: _Refusal(
        400, f"Invalid `ciphers` setting. Refer to the documentation for the list of accepted cipher suites. {_CHECK}"
    ),
    1443: _Refusal(400, f"Cipher suite selection is not supported for a minimum TLS version of 1.3. {_CHECK}"),
    1448: _Refusal(
        400,
        "Custom hostnames with wildcards are not supported for certificates managed by Cloudflare. "
        "Review your input and try again.",
    ),
    1449: _Refusal(400, "The request input `bundle_method` must be one of: ubiquitous, optimal, force."),
    1469: _Refusal(
        400, "The hostname is longer than 64 characters; set `cloudflare_branding` to true to order its certificate."
    ),
    1500: _Refusal(500, "Internal Server Error"),
    1551: _Refusal(404, "Resource not found."),
    6003: _Refusal(400, "Invalid request"),
    7003: _Refusal(404, "Could not route to the requested path, perhaps your object identifier is invalid?"),
    9109: _Refusal(403, "Unauthorized to access requested resource"),
    10000: _Refusal(401, "Authentication error"),
    10405: _Refusal(405, "Method not allowed for this resource"),
    81044: _Refusal(404, "Record does not exist."),
    81045: _Refusal(400, "The record quota of this zone has been exceeded."),
    81053: _Refusal(400, "An A, AAAA, or CNAME record with that host already exists."),
    81054: _Refusal(400, "A CNAME record with that host already exists."),
    81056: _Refusal(400, "NS records with that host already exist, or are not alone there."),
    81057: _Refusal(400, "The record already exists."),
    81058: _Refusal(400, "An identical record already exists."),
}


class Refused(DcvdError):
    """The sandbox answers with this error of Cloudflare's; `number` is its code, `detail` is appended to its text.

    status: where it is not the usual one of that number.
    """

    code = "cloudflare_refusal"

    def __init__(
        self, number: int, detail: str = "", *, chain: Sequence[tuple[int, str]] = (), status: int | None = None
    ) -> None:
        usual, text = _REFUSALS[number]
        self.status = usual if status is None else status
        super().__init__(f"{text} {detail}".strip())
        self.number = number
        self.chain = chain


def success(
    result: object, *, status: int = 200, messages: Sequence[object] = (), info: Mapping[str, int] | None = None
) -> web.Response:
    body: dict[str, object] = {"success": True, "errors": [], "messages": list(messages), "result": result}
    if info is not None:
        body["result_info"] = info
    return as_json(body, status)


def refusal(refused: Refused) -> web.Response:
    error: dict[str, object] = {"code": refused.number, "message": refused.message}
    if refused.chain:
        error["error_chain"] = [{"code": code, "message": message} for code, message in refused.chain]
    return as_json({"success": False, "errors": [error], "messages": [], "result": None}, refused.status)


def failure(status: int, number: int, message: str) -> web.Response:
    """The failure envelope with any status, for statuses that no refusal has."""
    errors = [{"code": number, "message": message}]
    return as_json({"success": False, "errors": errors, "messages": [], "result": None}, status)


def as_json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
