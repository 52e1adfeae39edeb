"""The values that a shell completes. Whatever fails is no completion, and never an error on the prompt."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from click.shell_completion import CompletionItem

_TIMEOUT_S: Final = 1.0
_MOST: Final = 200
"""How many organizations are proposed; nobody reads more, and a longer list is the whole answer to no question."""


def complete_organizations(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete an organization's name, or its id, of those of the daemon that runs, else of the database."""
    config = ctx.params.get("config")
    try:
        found = _list_organizations(None if config is None else str(config))
    except Exception:  # noqa: BLE001  # a prompt is no place for a traceback
        return []
    names = [CompletionItem(name, help=org_id) for org_id, name in found if name.startswith(incomplete)]
    ids = [CompletionItem(org_id, help=name) for org_id, name in found if incomplete and org_id.startswith(incomplete)]
    return [*names, *ids][:_MOST]


def complete_findings(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the code of a finding."""
    codes: Any = import_module("dcvd.core.diagnosis.codes").FindingCode
    return [CompletionItem(code.value) for code in codes if code.value.startswith(incomplete)]


def _list_organizations(config: str | None) -> list[tuple[str, str]]:
    # Imported here by name, because who completes an option needs none of it.
    configuration: Any = import_module("dcvd.config")
    loaded = configuration.load(configuration.find_path(config, os.environ), os.environ, need_cloudflare=False).config
    if Path(loaded.server.socket).exists():
        calls: Any = import_module("dcvd.cli.socket_calls")
        answer = calls.get(loaded.server.socket, "/operator/organizations", timeout_s=_TIMEOUT_S)
        return [(each["id"], each["name"]) for each in msgspec.json.decode(answer.body)["organizations"]]
    engine: Any = import_module("dcvd.store.engine.read_only")
    organizations: Any = import_module("dcvd.store.organizations.organizations")
    with engine.open_snapshot(loaded.database.path) as snapshot:
        return [(each.id, each.name) for each in organizations.list_all(snapshot)]
