"""An identity provider on loopback that signs whatever a test wants, and answers as badly as a test wants."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

CLIENT_ID = "dcvd at the fake"
SUBJECT = "user-1"
ADDRESS = "ann@example.net"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Jwk = dict[str, Any]


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _encode_number(number: int, size: int | None = None) -> str:
    return encode(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


class Key:
    """A signing key, with the algorithm for which it is."""

    def __init__(self, private: PrivateKey, key_id: str) -> None:
        self.private = private
        self.key_id = key_id

    @property
    def algorithm(self) -> str:
        match self.private:
            case rsa.RSAPrivateKey():
                return "RS256"
            case ec.EllipticCurvePrivateKey():
                return "ES256"
            case _:
                return "EdDSA"

    @property
    def jwk(self) -> Jwk:
        base: Jwk = {"kid": self.key_id, "use": "sig", "alg": self.algorithm}
        public = self.private.public_key()
        match public:
            case rsa.RSAPublicKey():
                numbers = public.public_numbers()
                return base | {"kty": "RSA", "n": _encode_number(numbers.n), "e": _encode_number(numbers.e)}
            case ec.EllipticCurvePublicKey():
                point = public.public_numbers()
                return base | {
                    "kty": "EC", "crv": "P-256", "x": _encode_number(point.x, 32), "y": _encode_number(point.y, 32),
                }  # fmt: skip
            case _:
                raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
                return base | {"kty": "OKP", "crv": "Ed25519", "x": encode(raw)}

    def sign(self, message: bytes) -> bytes:
        match self.private:
            case rsa.RSAPrivateKey():
                return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())
            case ec.EllipticCurvePrivateKey():
                r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
            case _:
                return self.private.sign(message)


class FakeIssuer:
    """What a test sets decides what it answers.

    claims: over those that are right; None takes one away. header: over the right one. sign: instead of the key.
    """

    def __init__(self, key: Key, now: Callable[[], int]) -> None:
        self.url = ""
        self.key = key
        self.keys: Any = {"keys": [key.jwk]}
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.header: dict[str, Any] = {}
        self.sign: Callable[[bytes], bytes] | None = None
        self.id_token: str | None = None
        self.token_answer: tuple[int, Any] | None = None
        self.statuses: dict[str, int] = {}
        self.gate: asyncio.Event | None = None
        self.asked: list[str] = []
        self.token_requests: list[dict[str, str]] = []
        self._now = now
        self._codes: dict[str, dict[str, str]] = {}

    def authorize(self, url: str, **changes: str) -> str:
        """The query with which the browser comes back, once the person has signed in there."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT_ID
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return urlencode({"code": code, "state": asked["state"], **changes})

    def build_id_token(self, asked: Mapping[str, str]) -> str:
        now_s = self._now() // 1000
        claims: dict[str, Any] = {
            "iss": self.url, "aud": CLIENT_ID, "sub": SUBJECT, "exp": now_s + 300, "iat": now_s,
            "nonce": asked["nonce"], "email": ADDRESS, "email_verified": True, **self.claims,
        }  # fmt: skip
        header = {"alg": self.key.algorithm, "kid": self.key.key_id, "typ": "JWT", **self.header}
        parts = [
            encode(json.dumps({name: value for name, value in part.items() if value is not None}).encode())
            for part in (header, claims)
        ]
        message = ".".join(parts).encode()
        return f"{message.decode()}.{encode((self.sign or self.key.sign)(message))}"

    def count(self, path: str) -> int:
        return self.asked.count(path)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.asked.append(path)
        if self.gate is not None:
            await self.gate.wait()
        if path in self.statuses:
            return web.Response(status=self.statuses[path])
        match path:
            case "/.well-known/openid-configuration":
                return web.json_response(self._describe())
            case "/authorize":
                url = f"{self.url}{request.path_qs}"
                return web.Response(
                    status=303, headers={"Location": f"{request.query['redirect_uri']}?{self.authorize(url)}"}
                )
            case "/jwks":
                return web.json_response(self.keys)
            case "/userinfo":
                assert request.headers["Authorization"] == "Bearer access-1"
                return web.json_response(self.userinfo)
            case "/token":
                return self._issue({name: str(value) for name, value in (await request.post()).items()})
            case _:
                return web.Response(status=404)

    def _describe(self) -> dict[str, Any]:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            **({} if self.userinfo is None else {"userinfo_endpoint": f"{self.url}/userinfo"}),
            **self.metadata,
        }
        return {name: value for name, value in document.items() if value is not None}

    def _issue(self, form: dict[str, str]) -> web.Response:
        self.token_requests.append(form)
        if self.token_answer is not None:
            status, body = self.token_answer
            return web.json_response(body, status=status)
        asked = self._codes.pop(form["code"], None)
        challenge = encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if asked is None or challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        answer = {"access_token": "access-1", "token_type": "Bearer"}
        id_token = self.build_id_token(asked) if self.id_token is None else self.id_token
        return web.json_response(answer | ({"id_token": id_token} if id_token else {}))


@asynccontextmanager
async def serving(issuer: FakeIssuer, host: str = "127.0.0.1") -> AsyncIterator[FakeIssuer]:
    """`host`: another name of this machine makes it another site to browsers."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", issuer.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    issuer.url = f"http://{host}:{runner.addresses[0][1]}"
    try:
        yield issuer
    finally:
        if issuer.gate is not None:
            issuer.gate.set()
        await runner.cleanup()
