"""Hooks of schemathesis: real names and ids for data that is meant to be valid, and a count of what came of it.

schemathesis imports this file in its own environment, where there is no dcvd.
"""

import ast
import atexit
import json
import os
import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode

_parse_ast, _parsing = ast.parse, threading.Lock()


def _parse_one_at_a_time(*args: Any, **options: Any) -> Any:
    """Python 3.11 keeps the depth of the tree that it builds for all threads together, and fails where two build one.

    schemathesis has two workers, and hypothesis parses the source of each lambda.
    """
    with _parsing:
        return _parse_ast(*args, **options)


ast.parse = _parse_one_at_a_time
_PLACE = json.loads(Path(os.environ["DCVD_API_SCHEMA_PLACE"]).read_text())
_counts: Counter[str] = Counter()
_random = random.Random(0)  # which of the real ids is taken need not be a secret


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Put real names and ids into a case that is meant to be valid."""
    _counts["calls"] += 1
    if not _is_valid(case):
        return
    for name in case.path_parameters or {}:
        case.path_parameters[name] = _random.choice(_PLACE["ids"][name])
    for name in ("cursor", "after", "webhookId", "domainId"):
        if case.query:
            case.query.pop(name, None)
    if case.query and "search" in case.query:
        # A search lists by name: OpenAPI cannot say that one parameter excludes another.
        case.query.pop("sort", None)
    if case.query and "label" in case.query:
        # What is printable can be said by no pattern.
        case.query["label"] = ["tier:gold"]
    if case.query and "externalId" in case.query:
        case.query["externalId"] = "customer-4711"
    if case.headers and '"' not in (tags := case.headers.get("If-Match", '"')) and tags != "*":
        # A tag such as "0" is JSON in the eyes of schemathesis, which leaves out the quotes.
        case.headers["If-Match"] = f'"{tags}"'
    if _PLACE["caller"] == "link" and case.headers:
        # Repeats by a link do no harm, and are refused with a key.
        case.headers.pop("Idempotency-Key", None)
    if isinstance(case.body, dict):
        _fill(case.operation.definition.raw["operationId"], case.body)


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    """Count the answers to what is meant to be valid."""
    if _is_valid(case):
        _counts["valid"] += 1
        _counts["refused"] += response.status_code in (400, 422)


@schemathesis.serializer("application/x-ndjson")
def write_line(_context: Any, value: Any) -> bytes:
    """Write a body of one line."""
    return json.dumps(value).encode() + b"\n"


def _is_valid(case: Any) -> bool:
    return case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE


def _fill(operation: str, body: dict[str, Any]) -> None:
    number = _random.randrange(10**9)
    values: dict[str, Any] = {
        "domainName": f"app{number}.customer.test",
        "url": _PLACE["receiver"],
        "headers": {"X-Tenant": f"t{number}"},
        "expiresAt": "2099-01-01T00:00:00Z",
        "since": "2026-01-01T00:00:00Z",
        "name": f"name{number}.customer.test" if operation == "createZone" else f"name {number}",
        "address": f"person{number}@customer.test",
        "role": "member",
        "scopes": ["domains:read"],
        "allowedNetworks": ["127.0.0.0/8"],
        "returnUrl": "https://app.example.net/",
        "language": "en",
        "domains": [f"app{number}.customer.test"],
        "domainIds": _PLACE["ids"]["domain_id"][:3],
        "domainNames": [f"app{number}.customer.test"],
        "externalId": f"customer-{number}",
        "labels": {"tier": f"t{number}"},
        "match": {"labels": {"tier": "gold"}, "domains": ["*.customer.test"]},
        "clientCertificate": _PLACE["client_certificate"],
        "retrySchedule": ["0s", "5s"],
    }
    if operation == "createDomains":
        values["domains"] = [{"domainName": f"app{number}.customer.test"}]
    for name, value in values.items():
        if name in body:
            body[name] = value
    for name in ("until", "connectionId", "replay", "webhookId", "redirectUri", "returnTo", "memberId", "logoUrl"):
        if operation != "exchangeCode":
            body.pop(name, None)
    if operation == "createContact":
        body["address"] = values["address"]
    if operation == "diagnoseName":
        body["domainName"] = "app.customer.test"
    if body.get("wildcard"):
        # It is always validated by delegation.
        body.pop("validation", None)
    if operation == "writeRecords":
        body["connectionId"] = _PLACE["connection_id"]
    if "provider" in body:
        body["provider"] = "cloudflare"
    if operation == "beginAuthorization":
        body.pop("domainName", None)
    if "credentials" in body:
        body["credentials"] = {"apiToken": _PLACE["api_token"]}


@atexit.register
def _write_counts() -> None:
    Path(_PLACE["counts"]).write_text(json.dumps(_counts))
