"""docs/errors.md, made of the codes of the source and of what error_texts.toml says about them."""

import tomllib
from collections.abc import Callable, Iterable
from typing import Final

from tests.docs.error_codes import CodeUse, collect
from tests.docs.markdown import ROOT

PATH: Final = ROOT / "docs" / "errors.md"
_TEXTS: Final = ROOT / "tests" / "docs" / "error_texts.toml"

_HEAD: Final = """\
# Codes of errors and findings

<!-- `python -m tests.docs` writes this page from the source and from tests/docs/error_texts.toml. -->

Every code is stable: it never changes its meaning. The sentence beside it is for people, and may be reworded.

An error of the API is `application/problem+json` (RFC 9457):

```json
{
  "type": "about:blank",
  "title": "Conflict",
  "status": 409,
  "detail": "app.customer.com is already one of your domains.",
  "code": "domain_exists",
  "errors": [],
  "existingId": "dom_01kf0"
}
```

`errors` names each field at fault, `existingId` the object in the way, `requestId` what your operator finds in the log.
"""

_SECTIONS: Final[tuple[tuple[str, str, Callable[[CodeUse], bool]], ...]] = (
    (
        "Requests",
        "The answer to a request. Where two statuses stand, it depends on what was asked.",
        lambda use: use.kind == "request",
    ),
    (
        "Outside services",
        "What Cloudflare, a DNS provider or an authorization server answered. A request is answered with the\n"
        "status; a job has the code in `lastError`, a connection too. After 503 a job is tried again by itself.",
        lambda use: use.kind == "remote",
    ),
    (
        "Plans for a zone",
        "Why a record cannot be written: an obstacle of a plan, the code of a 409, and of a `write_dns` job.",
        lambda use: use.kind == "plan",
    ),
    (
        "Errors of a domain",
        "`error.code` of a domain whose status is `error`. The codes of a refused registration stand above.",
        lambda use: use.kind == "domain",
    ),
    (
        "Findings",
        "`code` of a finding. Each finding has a sentence of its own, an actor, and often the record to type, `fix`.",
        lambda use: use.kind == "finding",
    ),
)

_TAIL: Final = """
## Codes that others choose

| code | where it comes from |
|---|---|
| `cloudflare_` and a number | Cloudflare's own number of a refusal that has no code above |
| `initializing_timed_out`, `validation_timed_out`, `issuance_timed_out`, … | Cloudflare's status of a certificate |
| `access_denied`, `invalid_grant`, `invalid_scope`, … | what an authorization server said (RFC 6749) |
| `bad_request` and the like | the name of an HTTP status, for a request that breaks a rule of HTTP itself |
"""


def texts() -> dict[str, list[str]]:
    """What each code means, and what to do."""
    return tomllib.loads(_TEXTS.read_text())


def render() -> str:
    """Write the page."""
    known = texts()
    uses = sorted(collect(), key=lambda use: use.code)
    if unknown := sorted({use.code for use in uses} - known.keys()):
        raise ValueError(f"{_TEXTS.relative_to(ROOT)} does not explain {', '.join(unknown)}")
    parts = [_HEAD]
    for heading, introduction, belongs in _SECTIONS:
        section = [use for use in uses if belongs(use)]
        with_status = any(use.status for use in section)
        head = (
            "| code | status | meaning | what to do |\n|---|---|---|---|"
            if with_status
            else ("| code | meaning | what to do |\n|---|---|---|")
        )
        rows = [
            f"| `{code}` | {_statuses(section, code) + ' | ' if with_status else ''}{' | '.join(known[code])} |"
            for code in dict.fromkeys(use.code for use in section)
        ]
        parts.append(f"\n## {heading}\n\n{introduction}\n\n{head}\n" + "\n".join(rows) + "\n")
    return "".join(parts) + _TAIL


def _statuses(uses: Iterable[CodeUse], code: str) -> str:
    return ", ".join(sorted({str(use.status) for use in uses if use.code == code and use.status}))
