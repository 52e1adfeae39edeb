"""A DNS provider that speaks Domain Connect, over TLS on loopback: it does what the drafts say a provider does.

Its zones are those of a sandbox's nameserver, in which it also looks for the public key of a signed link.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import dns.asyncquery
import dns.message
import dns.name
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dns.rdatatype import RdataType

from dcvd.config import parse_address
from dcvd.errors import NotFound
from dcvd.sandbox import Sandbox
from tests.kit.egress.test_tls import server_tls
from tests.kit.receivers import receiver
from tests.marked import marked

HOST = "connect.provider.test"
"""Tests lead it to loopback; its certificate is for this name."""
TOKEN = marked("asynchronous")
CLIENT_SECRET = marked("client")
CODE = marked("code")
Spoil = Callable[[web.Request], web.StreamResponse | None]


class DomainConnectProvider:
    """`spoil` may answer a request in its place, and nothing is answered before `answers` is set. `requests` are what
    came, in order."""

    def __init__(self, sandbox: Sandbox, templates: list[dict[str, Any]]) -> None:
        self._sandbox = sandbox
        self._templates = {(each["providerId"], each["serviceId"]): each for each in templates}
        self.zones = {"customer.test"}
        self.settings: dict[str, Any] = {}
        self.requests: list[web.Request] = []
        self.spoil: Spoil = lambda request: None
        self.answers = asyncio.Event()
        self.answers.set()
        self.port = 0

    @property
    def prefix(self) -> str:
        return f"{HOST}:{self.port}/dc"

    @asynccontextmanager
    async def serving(self, certificate: Path) -> AsyncIterator["DomainConnectProvider"]:
        async with receiver(self._answer, server_tls(certificate)) as self.port:
            url = f"https://{self.prefix}"
            self.settings = {
                "providerId": "provider.test", "providerName": "Provider", "providerDisplayName": "Provider Inc.",
                "urlSyncUX": url, "urlAPI": url, "width": 640, "height": 480,
            }  # fmt: skip
            yield self

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        await self.answers.wait()
        spoiled = self.spoil(request)
        if spoiled is not None:
            return spoiled
        match request.method, request.path.split("/")[3:]:
            case "GET", [zone, "settings"]:
                return await self._settings(zone)
            case "GET", ["domainTemplates", "providers", provider, "services", service]:
                return web.Response(status=200 if (provider, service) in self._templates else 404)
            case "GET", ["domainTemplates", "providers", provider, "services", service, "apply"]:
                return await self._sync(request, self._templates[provider, service])
            case "POST", ["oauth", "access_token"]:
                return await self._token(request)
            case "POST", ["domainTemplates", "providers", provider, "services", service, verb]:
                if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                    return web.Response(status=401)
                template = self._templates.get((provider, service))
                return web.Response(status=404) if template is None else self._async(request, template, verb)
            case _:
                return web.Response(status=404)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        right = (asked["client_id"], asked["client_secret"], asked["code"]) == ("us", CLIENT_SECRET, CODE)
        if not right:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"access_token": TOKEN, "token_type": "bearer", "expires_in": 600})

    async def _settings(self, zone: str) -> web.StreamResponse:
        return web.json_response(self.settings) if zone in self.zones else web.Response(status=404)

    async def _sync(self, request: web.Request, template: dict[str, Any]) -> web.StreamResponse:
        """As if the customer had agreed at once."""
        unsigned, _, sent = request.rel_url.raw_query_string.partition("&key=")
        key, _, signature = sent.partition("&sig=")
        public = await self._public_key(f"{unquote(key)}.{template['syncPubKeyDomain']}")
        try:
            public.verify(base64.b64decode(unquote(signature)), unsigned.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return web.Response(status=400, text="wrong signature")
        parameters = dict(parse_qsl(unsigned))
        for name, value in _records(template, parameters):
            self._sandbox.set_dns(name, "CNAME", [value], template["records"][0]["ttl"])
        if "redirect_uri" in parameters:
            location = f"{parameters['redirect_uri']}?state={parameters['state']}"
            return web.Response(status=303, headers={"Location": location})
        return web.Response(text="done")

    def _async(self, request: web.Request, template: dict[str, Any], verb: str) -> web.StreamResponse:
        parameters = dict(request.query)
        if verb == "revert":
            for name in self._hosts(template, parameters):
                self.clear(name)
            return web.Response(status=204)
        records = _records(template, parameters)
        taken = [
            name
            for name, _ in records
            if self._sandbox.world.zone.resolve(dns.name.from_text(name), RdataType.ANY).answer
        ]
        if taken and parameters["force"] == "0":
            conflicts = [{"type": "A", "host": f"{name}\n<b>"} for name in taken]
            return web.json_response({"code": "1", "records": conflicts}, status=409)
        for name, value in records:
            self.clear(name)
            self._sandbox.set_dns(name, "CNAME", [value], 3600)
        return web.Response(status=202)

    def clear(self, name: str) -> None:
        """Take out what stands at a name."""
        for kind in ("A", "CNAME"):
            with suppress(NotFound):
                self._sandbox.delete_dns(name, kind)

    def _hosts(self, template: dict[str, Any], parameters: dict[str, str]) -> list[str]:
        base = f"{parameters['host']}.{parameters['domain']}"
        return [base if each["host"] == "@" else f"{each['host']}.{base}" for each in template["records"]]

    async def _public_key(self, name: str) -> RSAPublicKey:
        """As it is published: fragments in TXT records, put together in the order of `p`."""
        server = parse_address(self._sandbox.dns_address)
        query = dns.message.make_query(name, RdataType.TXT)
        answer = await dns.asyncquery.udp(query, server.host, port=server.port, timeout=60)
        texts = [b"".join(rdata.strings).decode() for rrset in answer.answer for rdata in rrset]
        fragments = [dict(field.split("=", 1) for field in text.split(",")) for text in texts]
        whole = "".join(each["d"] for each in sorted(fragments, key=lambda each: int(each["p"])))
        key = load_der_public_key(base64.b64decode(whole))
        assert isinstance(key, RSAPublicKey)
        return key


def _records(template: dict[str, Any], parameters: dict[str, str]) -> list[tuple[str, str]]:
    """Names and values of the groups that are asked for."""
    base = f"{parameters['host']}.{parameters['domain']}"
    variables = {**parameters, "fqdn": base}
    groups = parameters["groupId"].split(",") if "groupId" in parameters else None
    records = []
    for each in template["records"]:
        if groups is not None and each["groupId"] not in groups:
            continue
        value = each["pointsTo"]
        for name, given in variables.items():
            value = value.replace(f"%{name}%", given)
        records.append((base if each["host"] == "@" else f"{each['host']}.{base}", value))
    return records
