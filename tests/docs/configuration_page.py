"""docs/configuration.md, made of the declarations of the keys and of the comments in config/dcvd.toml."""

import re
from typing import Any, Final

import msgspec

from dcvd.config import Config
from dcvd.config.environment import variable_of
from dcvd.config.key_annotations import ConfigKey, keys, secret_keys, sections
from dcvd.config.validators import InvalidValue, Validator
from tests.docs.markdown import ROOT

PATH: Final = ROOT / "docs" / "configuration.md"
DOCUMENTED: Final = ROOT / "config" / "dcvd.toml"
_RELOAD: Final = re.compile(r"\s*\(reload(?:, which also reads the file again)?\)")

_HEAD: Final = """\
# Configuration

<!-- `python -m tests.docs` writes this page from dcvd/config and config/dcvd.toml. -->

dcvd reads one TOML file: the one of `--config`, else of `$DCVD_CONFIG`, else `/etc/dcvd/dcvd.toml`.
[`config/dcvd.toml`](../config/dcvd.toml) holds every key with its default; copy it and change what you need.
`dcvd check-config` reports every mistake at once: unknown keys, wrong values, secrets that cannot be read.

- Durations are an integer and a unit in quotes: `"250ms"`, `"30s"`, `"5m"`, `"4h"`, `"90d"`.
- Sizes are an integer and a unit in quotes: `"512B"`, `"64KiB"`, `"1MiB"`, `"2GiB"`.
- Relative paths start at the directory of the file, wherever dcvd is started.
- No secret stands in the file, but for `alerts.heartbeat_url` if you so choose. A key that ends in `_file` names the
  file of a secret. A relative name is looked up in `$CREDENTIALS_DIRECTORY` (systemd's `LoadCredential=`) if that is
  set, otherwise beside the file.
- Every key can stand in the environment, below the name that its list of facts has; so `listen` of `[server]` is
  `DCVD_SERVER__LISTEN`. See [below](#in-the-environment).
- `systemctl reload dcvd` (SIGHUP) takes over the keys that say so. The rest needs a restart, and the log names it.

Keys that are required: {required}.

## In the environment

A container is often configured by variables alone. For each key the first of these wins:

1. `DCVD_SECTION__KEY`, such as `DCVD_LOG__LEVEL=debug`; the key of a section in a section has two pairs of underscores:
   `DCVD_OAUTH__OTHER__CLIENT_ID`;
2. the variable that the predecessor's operators know: {variables};
3. the file;
4. the default.

For a secret, the variable that holds it wins over the file of the secret, whatever names that file:
{secret_variables}. No other variable holds a secret: `DCVD_CLOUDFLARE__API_TOKEN` is refused, and
`DCVD_CLOUDFLARE__API_TOKEN_FILE` names its file.

Lists and tables are TOML: `DCVD_SERVER__LISTEN='["127.0.0.1:8080"]'`, or
`DCVD_DNS__STUB_ZONES='{{ "corp.example" = ["10.0.0.53"] }}'`.
Everything else may be TOML too, or stand without quotes: `DCVD_SERVER__PUBLIC_URL=https://dcv.example.net`.
A variable that is empty is not set; `'""'` is an empty text.

A name with `DCVD_` in front and two underscores in it that belongs to no key is an error, as is a wrong value: all of
them are reported at once, with those of the file, and dcvd exits with 78. `DCVD_CONFIG`, `DCVD_DEBUG`, and what
`dcvd listen` reads are no keys. Neither is what Kubernetes sets for a service called `dcvd`.

The log names the variables that won when dcvd starts and when it reloads, never their values; `dcvd check-config`
names them too, and `dcvd config show` says for each key where its value comes from.

- A running process keeps its environment: a reload reads the file anew and not the variables, so a change of
  `Environment=` or `EnvironmentFile=` needs a restart, and a key that a variable sets stays as it is.
- Commands read the environment in which *they* run. What they need to find the daemon, `server.socket` and
  `database.path`, belongs into the file, or into the environment of both. In a container, `docker exec` has the
  variables of the container.
"""


class _Probe:
    """A value that no validator accepts."""


def render() -> str:
    """Write the page."""
    source = DOCUMENTED.read_text()
    parts: list[str] = []
    required: list[str] = []
    variables: list[str] = []
    secret_variables: list[str] = []
    for name, section in sections(Config).items():
        block = source.split(f"\n[{name}]\n")[1].split("\n\n\n")[0]
        parts.append(_describe_section(name, section, block))
        for key, declaration in keys(section).items():
            variable = _environment_of(section, key, declaration)
            if declaration.required:
                required.append(f"[`{name}.{key}`](#{_anchor(name, key)})")
            if variable:
                entry = f"`{variable}` for [`{name}.{key}`](#{_anchor(name, key)})"
                (variables if declaration.environment else secret_variables).append(entry)
    head = _HEAD.format(
        required=", ".join(required), variables=", ".join(variables), secret_variables=", ".join(secret_variables)
    )
    return head + "".join(parts)


def _describe_section(name: str, section: type[msgspec.Struct], block: str) -> str:
    text = f"\n## [{name}]\n"
    first, *rest = block.split("\n\n")
    if rest and all(line.startswith("#") for line in first.splitlines()):
        text += f"\n{_prose(first)}\n"
    for key, declaration in keys(section).items():
        text += _describe_key(name, section, key, declaration, block)
    return text


def _describe_key(name: str, section: type[msgspec.Struct], key: str, declaration: ConfigKey, block: str) -> str:
    found = re.search(rf"((?:^#.*\n)+)^(?P<mark># )?{key} = (?P<value>.+)$", block, re.MULTILINE)
    if found is None:
        raise ValueError(f"config/dcvd.toml does not explain {name}.{key}")
    comment, value = found[1], found["value"]
    if found["mark"]:
        # A required key is commented out, and its comment has to begin at its own "Required.".
        comment = comment[comment.rindex("# Required.") :].replace("# Required. ", "# ", 1)
    facts = [f"- Required, such as `{value}`" if declaration.required else f"- Default: `{value}`"]
    facts.append(f"- Valid: {valid_values(declaration.validate)}")
    names = [variable_of(f"{name}.{key}"), *filter(None, [_environment_of(section, key, declaration)])]
    facts.append(f"- Environment: {', '.join(f'`{each}`' for each in names)}")
    facts.append(f"- Takes effect: {'on reload' if declaration.reload else 'after a restart'}")
    return f'\n<a id="{_anchor(name, key)}"></a>\n\n### {name}.{key}\n\n{_prose(comment)}\n\n' + "\n".join(facts) + "\n"


def valid_values(validate: Validator[Any]) -> str:
    """Say what a validator accepts, by asking it with a value that it refuses, and with a list of such."""
    expected = _expectation(validate, _Probe())
    for start, container in (("a list", [_Probe()]), ("a table", {"example.com": _Probe()})):
        if expected.startswith(start) and (item := _expectation(validate, container)) != expected:
            return f"{expected}; each entry is {item}"
    return expected


def _expectation(validate: Validator[Any], value: object) -> str:
    try:
        validate(value)
    except InvalidValue as error:
        return error.faults[0].expected
    raise ValueError(f"{validate} accepts anything")


def _environment_of(section: type[msgspec.Struct], key: str, declaration: ConfigKey) -> str:
    """The variable that wins over a key, or over the secret in the file that it names."""
    secret = (each.environment for each in secret_keys(section).values() if each.file_key == key)
    return declaration.environment or next(secret, "")


def _anchor(name: str, key: str) -> str:
    return f"{name}.{key}"


def _prose(comment: str) -> str:
    """A comment as Markdown: its lines joined, and what is indented as a block of TOML."""
    lines = [line.removeprefix("#") for line in comment.splitlines()]
    parts: list[str] = []
    for line in lines:
        if line.startswith("   "):
            opened = bool(parts) and parts[-1].startswith("```toml\n")
            parts = [*parts[:-1], f"{parts[-1]}{line[3:]}\n"] if opened else [*parts, f"```toml\n{line[3:]}\n"]
        elif not line.strip():
            parts.append("")
        elif parts and parts[-1] and not parts[-1].startswith("```"):
            parts[-1] += line
        else:
            parts.append(line.strip())
    paragraphs = [f"{part}```" if part.startswith("```") else _quoted(_RELOAD.sub("", part)) for part in parts if part]
    return "\n\n".join(paragraphs)


def _quoted(text: str) -> str:
    """A sentence in which Markdown finds nothing of its own: what looks like code is marked as code."""
    return re.sub(r"(?<![`\w])(_[a-z][\w.-]*|\*\.[\w.-]+|\{[a-z_]+\})(?!`)", r"`\1`", text)
