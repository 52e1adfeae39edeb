"""The reference as an HTML page: it is made of the document, has no script, and loads nothing from anywhere."""

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, Final

Json = dict[str, Any]

_CODE: Final = re.compile(r"`([^`]+)`")
_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;color:#222;background:#fff}"
    "code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f4f4f4;padding:.6rem;overflow:auto}"
    "h2{border-top:1px solid #ccc;padding-top:1rem;margin-top:2rem}h3{margin:1.6rem 0 .2rem}"
    "h4{margin:.8rem 0 .2rem}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #eee}"
    "td:first-child{white-space:nowrap}.method{text-transform:uppercase}nav li{display:inline;margin-right:.8rem}"
    "a{color:#05a}@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}pre{background:#262626}"
    "a{color:#7bf}td,th{border-color:#333}}"
)


def render_page(document: Json) -> str:
    """Render the whole reference."""
    title = f"{document['info']['title']} {document['info']['version']}"
    tags = document["tags"]
    links = [*((f"tag-{tag['name']}", tag["name"]) for tag in tags), ("events", "Event bodies"), ("types", "Types")]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        _text(document["info"]["description"]),
        f"<p>Server: <code>{escape(document['servers'][0]['url'])}</code>. The same for programs: ",
        '<a href="/schema/openapi.json">/schema/openapi.json</a>.</p><nav><ul>',
        *(f'<li><a href="#{escape(anchor)}">{escape(name)}</a></li>' for anchor, name in links),
        "</ul></nav><main>",
    ]
    for tag in tags:
        parts += [f'<h2 id="tag-{escape(tag["name"])}">{escape(tag["name"])}</h2>', _text(tag["description"])]
        parts += [
            _operation(document, path, method, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if tag["name"] in operation["tags"]
        ]
    parts.append('<h2 id="events">Event bodies</h2>')
    parts += [_event(name, methods["post"]) for name, methods in document["webhooks"].items()]
    parts.append('<h2 id="types">Types</h2>')
    parts += [_type(name, schema) for name, schema in document["components"]["schemas"].items()]
    return "".join([*parts, "</main></body></html>"])


def _operation(document: Json, path: str, method: str, operation: Json) -> str:
    parameters = [
        (f"{each['name']}{'' if each.get('required') else ' (optional)'}", each["schema"], each["description"])
        for each in operation.get("parameters", ())
    ]
    parts = [
        f'<h3 id="{operation["operationId"]}">{escape(operation["summary"])}</h3>',
        f'<p><code><span class="method">{method}</span> {escape(path)}</code></p>',
        _text(operation["description"]),
        _table("Parameters", parameters),
    ]
    if "requestBody" in operation:
        body = operation["requestBody"]
        parts += ["<h4>Body</h4>", _text(body.get("description", "")), _content(body["content"])]
    parts.append("<h4>Answers</h4><table>")
    for status, listed in operation["responses"].items():
        response = _resolve(document, listed)
        parts.append(
            f"<tr><td><code>{status}</code></td><td>{_inline(response['description'])}</td>"
            f"<td>{_content(response.get('content', {}))}</td></tr>"
        )
    return "".join([*parts, "</table>"])


def _event(name: str, operation: Json) -> str:
    data = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]["data"]
    return (
        f"<h3><code>{escape(name)}</code></h3><p>{_inline(operation['summary'])} "
        f"Its <code>data</code>: {_schema(data)}.</p>"
    )


def _type(name: str, schema: Json) -> str:
    required = schema.get("required", ())
    members = [
        (f"{member}{'' if member in required else ' (optional)'}", inner, inner.get("description", ""))
        for member, inner in schema.get("properties", {}).items()
    ]
    examples = "".join(f"<pre>{escape(json.dumps(each, indent=2))}</pre>" for each in schema.get("examples", ()))
    values = "" if members else f"<p>{_schema(schema)}</p>"
    head = f'<h3 id="type-{escape(name)}"><code>{escape(name)}</code></h3>'
    return head + _text(schema.get("description", "")) + values + _table("", members) + examples


def _table(heading: str, rows: Iterable[tuple[str, Json, str]]) -> str:
    lines = [
        f"<tr><td><code>{escape(name)}</code></td><td>{_schema(schema)}</td><td>{_inline(text)}</td></tr>"
        for name, schema, text in rows
    ]
    if not lines:
        return ""
    return (f"<h4>{heading}</h4>" if heading else "") + "<table>" + "".join(lines) + "</table>"


def _content(content: Json) -> str:
    return "<br>".join(f"{_schema(each['schema'])} <code>{escape(kind)}</code>" for kind, each in content.items())


def _schema(schema: Json) -> str:
    """Say in a few words what a schema accepts."""
    return " ".join(_words(schema))


def _words(schema: Json) -> Iterator[str]:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        yield f'<a href="#type-{name}">{name}</a>'
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            yield " or ".join(_schema(part) for part in schema[choice])
    if "const" in schema:
        yield f"<code>{escape(json.dumps(schema['const']))}</code>"
    elif "enum" in schema:
        yield " | ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    elif schema.get("type") == "array":
        yield f"list of {_schema(schema.get('items', {}))}"
    elif "properties" in schema:
        yield "{" + ", ".join(f"<code>{escape(name)}</code>" for name in schema["properties"]) + "}"
    elif isinstance(schema.get("type"), str):
        yield escape(schema["type"])
    bounds = [
        f"{name} {schema[name]}"
        for name in ("format", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern")
        if name in schema
    ]
    if bounds:
        yield f"({escape(', '.join(bounds))})"


def _resolve(document: Json, value: Json) -> Json:
    if "$ref" not in value:
        return value
    response: Json = document["components"]["responses"][value["$ref"].rpartition("/")[2]]
    return response


def _text(text: str) -> str:
    return "".join(f"<p>{_inline(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph.strip())


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
