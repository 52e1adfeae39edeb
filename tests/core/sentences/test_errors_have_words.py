"""Whatever a page may show of an error has words in each language: no such error is raised with a plain text."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import dcvd
from dcvd.core.sentences.rendering import CATALOGUE, list_placeholders

FOLDER: Final = Path(dcvd.__file__).parent
SHOWN: Final = frozenset(
    {
        "Conflict",
        "Forbidden",
        "Gone",
        "HttpRefusal",
        "InvalidInput",
        "NotFound",
        "PreconditionFailed",
        "QuotaReached",
        "TooManyRequests",
        "Unauthenticated",
    }
)
"""The errors that a page answers with their own message; the others are dcvd's or another system's own failures."""
LAYERS: Final = ("core", "kit", "store", "oauth", "providers", "services", "http", "web")
"""Where the code stands that a page may run."""
OF_PROGRAMS: Final = {
    "core/domains/labels.py": "no form has labels or an external id",
    "core/http/idempotency.py": "no browser sends an Idempotency-Key",
    "core/webhooks/delivery_settings.py": "no form has timeouts or schedules",
    "core/webhooks/matching.py": "no form has a match",
    "core/zones/zone.py": "no page adds zones",
    "http/arrival_probes.py": "the server's own protocol",
    "http/bodies/body.py": "no form is JSON",
    "http/bodies/ndjson.py": "no form is NDJSON",
    "http/etag.py": "no browser sends If-Match",
    "http/idempotency.py": "no browser sends an Idempotency-Key",
    "http/limits/admission_limits.py": "no page makes bulk calls of many lines",
    "http/parameters.py": "pages take any query, and lists have one length",
    "services/connections/authorizations.py": "pages take no authorization that somebody began themselves",
    "services/connections/code_exchange.py": "the pages on the way back say it by the code, in words of their own",
    "services/domains/adoptions.py": "only commands adopt hostnames",
    "services/domains/bulk.py": "no form has an Idempotency-Key",
    "services/events/across_organizations.py": "no page reads on after an event",
    "services/events/feed.py": "no page reads on after an event",
    "services/idempotency.py": "no browser sends an Idempotency-Key",
    "services/logos.py": "what another server answered is quoted",
    "services/predecessor/organizations.py": "only a command imports from the predecessor",
    "services/webhooks/client_certificates.py": "no form has client certificates",
    "services/webhooks/endpoint_tests.py": "no form names the event of a test",
    "services/webhooks/endpoints.py": "no form has a rate",
    "services/webhooks/static_headers.py": "no form has headers",
    "services/zones/registry.py": "no page adds zones",
    "store/predecessor/dump.py": "only a command imports from the predecessor",
    "store/predecessor/statements.py": "only a command imports from the predecessor",
    "web/returns/oauth_callback.py": "the page on the way back says it by the code, in words of its own",
}
"""Modules with errors that no page shows, or whose message is another system's: why."""


def test_no_error_that_a_page_may_show_is_raised_with_a_plain_text() -> None:
    plain = {path for path, tree in read_modules() if any(is_plain(call, tree) for call in list_errors(tree))}
    assert plain - OF_PROGRAMS.keys() == set()
    assert OF_PROGRAMS.keys() - plain == set(), "what is no exception any more stays in no list of them"


def test_each_wording_has_its_sentence_and_all_of_its_parameters() -> None:
    for path, tree in read_modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name_of(node) == "word" and isinstance(node.args[0], ast.Constant):
                sentence_id = node.args[0].value
                assert sentence_id in CATALOGUE["en"], (path, sentence_id)
                given = {keyword.arg for keyword in node.keywords}
                if None not in given:
                    assert given == list_placeholders(sentence_id), (path, sentence_id)


def read_modules() -> Iterator[tuple[str, ast.Module]]:
    for layer in LAYERS:
        for path in sorted((FOLDER / layer).rglob("*.py")):
            yield path.relative_to(FOLDER).as_posix(), ast.parse(path.read_text())


def list_errors(tree: ast.Module) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and name_of(node) in SHOWN]


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def is_plain(call: ast.Call, tree: ast.Module) -> bool:
    """Whether one of an error's arguments beside its field and its code is a text; also by the name of a variable."""
    places = {"InvalidInput": 1, "HttpRefusal": 2}
    place = places.get(name_of(call), 0)
    message = call.args[place] if len(call.args) > place else None
    if isinstance(message, ast.Name):
        values = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == message.id for target in node.targets)
        ]
        return any(is_text(value) for value in values)
    return message is not None and is_text(message)


def is_text(node: ast.expr) -> bool:
    match node:
        case ast.Constant() | ast.JoinedStr() | ast.BinOp():
            return True
        case ast.Call(func=ast.Attribute(attr="join" | "format")) | ast.Call(func=ast.Name(id="str" | "shorten")):
            return True
        case ast.Attribute(attr="message"):
            return True
        case ast.IfExp():
            return is_text(node.body) or is_text(node.orelse)
        case _:
            return False
