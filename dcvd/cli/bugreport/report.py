"""The text of a report, of which secrets are taken out, and in which names are replaced."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from dcvd.cli.bugreport.sections import Section
from dcvd.config import Config, load
from dcvd.config.environment import variable_of
from dcvd.config.key_annotations import attribute_of, keys, secret_keys, sections
from dcvd.core.audit import AuditAction
from dcvd.core.events import EventType
from dcvd.core.numbers import count
from dcvd.core.redaction import Redactor
from dcvd.core.secret import Secret
from dcvd.errors import ConfigError

_RULE: Final = "=" * 72
_LOG: Final = "log"


class Report(Struct, frozen=True, kw_only=True):
    """A report. `replaced`: how many different things of each kind were replaced, or secrets taken out."""

    text: str
    titles: list[str]
    replaced: dict[str, int]
    lacks_names: bool


def write_report(gathered: Sequence[Section], config: Path, names: Sequence[str] | None, *, with_names: bool) -> Report:
    """Write the report; `names` are those of organizations, None where they could not be found."""
    words = [*_list_words(), *_list_logged_words(gathered)]
    redactor = Redactor(secrets=_list_secrets(config), names=names or (), words=words, with_names=with_names)
    parts = [
        f"{_RULE}\n{section.title}\n{_RULE}\n{section.text if section.is_our_own else redactor.redact(section.text)}\n"
        for section in gathered
    ]
    titles = [section.title for section in gathered]
    lacks_names = names is None and not with_names
    head = _write_head(titles, redactor.counts, with_names=with_names, lacks_names=lacks_names)
    return Report(text="\n".join([head, *parts]), titles=titles, replaced=redactor.counts, lacks_names=lacks_names)


def _write_head(titles: Sequence[str], replaced: dict[str, int], *, with_names: bool, lacks_names: bool) -> str:
    lines = [
        "A report of dcvd, for whoever looks for a fault. Read it before you send it.",
        f"It holds: {', '.join(titles)}.",
        f"Taken out: {count(replaced.get('secret', 0) + replaced.get('hidden', 0), 'secret')}, or what looks like one.",
    ]
    if with_names:
        lines.append("Names of customers, hostnames and mail addresses are in it (--with-names).")
    else:
        lines.append(
            f"Replaced: {count(replaced.get('host', 0), 'hostname')}, "
            f"{count(replaced.get('mail', 0), 'mail address', 'mail addresses')} and "
            f"{count(replaced.get('name', 0), 'name')}; the same one is the same throughout."
        )
    if lacks_names:
        lines.append("The names of organizations could not be found, so they are NOT replaced: look for them.")
    return "\n".join(lines) + "\n"


def _list_secrets(config: Path) -> Iterator[str]:
    """Yield every secret that the configuration leads to, so far as whoever makes the report may read it."""
    try:
        loaded = load(config, os.environ, need_cloudflare=False).config
    except ConfigError:
        yield from filter(None, (os.environ.get(variable) for variable in _list_secret_variables()))
        return
    for name, section in sections(Config).items():
        for attribute in (*keys(section), *secret_keys(section)):
            value: Any = getattr(getattr(loaded, attribute_of(name)), attribute)
            for secret in value if isinstance(value, tuple) else (value,):
                if isinstance(secret, Secret):
                    yield secret.reveal()


def _list_secret_variables() -> Iterator[str]:
    for section in sections(Config).values():
        yield from (declaration.environment for declaration in secret_keys(section).values() if declaration.environment)


def _list_words() -> Iterator[str]:
    """Yield the dotted words of dcvd's own, which look like hostnames."""
    for name, section in sections(Config).items():
        for key in keys(section):
            yield from (f"{name}.{key}", variable_of(f"{name}.{key}"))
        yield from (f"{name}.{key}" for key in secret_keys(section))
        yield name
    yield from (member.value for member in EventType)
    yield from (member.value for member in AuditAction)


def _list_logged_words(gathered: Iterable[Section]) -> Iterator[str]:
    """Yield the names of events in lines of the log that are JSON."""
    for section in gathered:
        for line in section.text.splitlines() if section.title == _LOG else ():
            try:
                entry: Any = msgspec.json.decode(line)
                yield from (str(entry[key]) for key in ("event", "logger") if key in entry)
            except (msgspec.DecodeError, TypeError):
                continue
