"""Calls of the API as a developer writes them: with curl, in Node and in Python, each whole and ready to run."""

import json
import shlex
from typing import Any, Final

from msgspec import Struct

TOKEN_VARIABLE: Final = "DCVD_TOKEN"
"""The environment variable in which all of them expect the token, which no page shows."""


class Call(Struct, frozen=True, kw_only=True):
    """A call. body: of a POST, with texts and lists alone; None for a GET."""

    path: str
    body: dict[str, Any] | None = None


class WrittenCall(Struct, frozen=True):
    """The same call in each language."""

    curl: str
    node: str
    python: str


def write_call(base_url: str, call: Call) -> WrittenCall:
    """Write a call to the API at `base_url`."""
    url = base_url.rstrip("/") + call.path
    return WrittenCall(_write_curl(url, call), _write_node(url, call), _write_python(url, call))


def _write_curl(url: str, call: Call) -> str:
    lines = [f"curl -sS --fail-with-body {shlex.quote(url)}", f'  -H "Authorization: Bearer ${TOKEN_VARIABLE}"']
    if call.body is not None:
        lines += ["  -H 'Content-Type: application/json'", f"  -d {shlex.quote(_write_json(call.body))}"]
    return " \\\n".join(lines)


def _write_node(url: str, call: Call) -> str:
    authorization = f"Authorization: `Bearer ${{process.env.{TOKEN_VARIABLE}}}`"
    if call.body is None:
        options = f"  headers: {{ {authorization} }},"
    else:
        options = (
            '  method: "POST",\n'
            f'  headers: {{ {authorization}, "Content-Type": "application/json" }},\n'
            f"  body: JSON.stringify({_write_json(call.body)}),"
        )
    return (
        f"const response = await fetch({json.dumps(url)}, {{\n{options}\n}});\n"
        "if (!response.ok) throw new Error(await response.text());\n"
        "console.log(JSON.stringify(await response.json(), null, 2));"
    )


def _write_python(url: str, call: Call) -> str:
    authorization = f'"Authorization": "Bearer " + os.environ["{TOKEN_VARIABLE}"]'
    if call.body is None:
        options = f"    headers={{{authorization}}},"
    else:
        options = (
            f"    data=json.dumps({_write_json(call.body)}).encode(),\n"
            f'    headers={{{authorization}, "Content-Type": "application/json"}},'
        )
    return (
        "import json\nimport os\nimport urllib.request\n\n"
        f"request = urllib.request.Request(\n    {json.dumps(url)},\n{options}\n)\n"
        "with urllib.request.urlopen(request) as response:\n"
        "    print(json.dumps(json.load(response), indent=2))"
    )


def _write_json(value: dict[str, Any]) -> str:
    """As JSON, which is also an object of JavaScript, and a dict of Python where it has texts and lists alone."""
    return json.dumps(value, ensure_ascii=True)
