"""Signatures checked from the other side: read from the request as it arrived, straight from AWS's description.

Source: AWS Signature Version 4, "Create a signed AWS API request".
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
)
_WANTED = {"host", "x-amz-date"}


def key_id(headers: Mapping[str, str]) -> str:
    """Whose signature it is said to be."""
    match = _AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    return match[1] if match else ""


def is_right(
    method: str, target: str, headers: Mapping[str, str], body: bytes, secret: str, service: str, token: str | None
) -> bool:
    """Whether the request is signed with the secret, for us-east-1 and that service, and so is its session token."""
    match = _AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    if match is None or (match[3], match[4]) != ("us-east-1", service):
        return False
    _, day, region, _, names, signature = match.groups()
    listed = names.split(";")
    wanted = _WANTED | ({"x-amz-security-token"} if token else set())
    if not wanted <= set(listed) or listed != sorted(listed) or headers["X-Amz-Date"][:8] != day:
        return False
    if headers.get("X-Amz-Security-Token") != token:
        return False
    path, _, query = target.partition("?")
    canonical = f"{method}\n{quote(path, safe='/~')}\n{'&'.join(sorted(query.split('&')))}\n"
    for name in listed:
        canonical += f"{name}:{re.sub(' +', ' ', headers[name].strip())}\n"
    canonical += f"\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{headers['X-Amz-Date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + secret).encode()
    for step in (*scope.split("/"), text):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(key.hex(), signature)
