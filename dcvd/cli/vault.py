"""`dcvd vault`: the keys that secrets in the database are encrypted with."""

import os
from pathlib import Path
from typing import Final

import click

from dcvd.cli.options import config_option, examples, json_option, print_json
from dcvd.cli.terminal.tables import table
from dcvd.config import Config, Loaded, load
from dcvd.config.secrets import SecretSource
from dcvd.errors import StoreError
from dcvd.kit.logs.configuration import configure_logging
from dcvd.kit.new_file import new_file
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.key_file import written
from dcvd.services.vault import key_rotation
from dcvd.services.vault.key_rotation import Rotated
from dcvd.services.vault.status import Counts, KeyStatus, VaultStatus, status
from dcvd.store.engine.database import Snapshot
from dcvd.store.engine.files import adopt_owner
from dcvd.store.engine.read_only import reading
from dcvd.store.vault import sealed_columns, vault_keys

_COLUMNS: Final = {column.field: column for column in sealed_columns.COLUMNS}
_BACKUPS: Final = "Backups made before still need it: keep a copy for as long as you keep those."


@click.group(
    "vault",
    epilog=examples(
        "dcvd vault status",
        "dcvd vault keygen --output /etc/dcvd/encryption-key",
        "dcvd vault rotate && systemctl restart dcvd",
    ),
)
def vault() -> None:
    """The keys that webhooks' secrets and customers' connections are encrypted with in the database."""


@vault.command(
    "keygen",
    epilog=examples("dcvd vault keygen --output /etc/dcvd/encryption-key", "OAUTH_ENCRYPTION_KEY=$(dcvd vault keygen)"),
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="A new file, readable by its owner alone."
)
@json_option
def keygen(output: Path | None, as_json: bool) -> None:
    """Make a new key: print it, or write it to a FILE that is not there yet."""
    key = VaultKey.generate(os.urandom)
    if output is None:
        text = key.written().reveal()
        if as_json:
            print_json({"key": {"id": key.id, "key": text}})
        else:
            click.echo(text)
        return
    path = output.absolute()
    try:
        with new_file(path) as draft:
            draft.write_text(written([key]), encoding="ascii")
            adopt_owner(draft)
    except FileExistsError as error:
        raise StoreError(f"{path} is already there, and a key replaces nothing: name another file.") from error
    if as_json:
        print_json({"key": {"id": key.id, "file": str(path)}})
    else:
        click.echo(f"Wrote key {key.id} to {path}.")
        click.echo("Keep a copy apart from the backups of the database: without it the secrets are lost.", err=True)


@vault.command("rotate", epilog=examples("dcvd vault rotate", "dcvd vault rotate --drop-old", "dcvd vault status"))
@click.option(
    "--drop-old", is_flag=True, help="Make no new key, but remove those from the file that nothing needs any more."
)
@json_option
@config_option
def rotate(drop_old: bool, as_json: bool, config: Path) -> None:
    """Put a new key before the present one into the file that the daemon takes it from.

    The next start of the daemon encrypts with the new key, and in the background encrypts anew what the earlier ones
    have encrypted. When that is done, --drop-old removes them from the file.
    """
    loaded = _loaded(config)
    place = SecretSource(directory=config.absolute().parent, environ=os.environ).place
    source, needed = _known(loaded.config, must_exist=drop_old)
    path = key_rotation.file_in_use(loaded.config, place, loaded.from_environment, source)
    done = key_rotation.drop_old(path, needed) if drop_old else key_rotation.rotate(path)
    if as_json:
        view = {"file": str(path), "active": done.active, "earlier": done.earlier, "dropped": done.dropped}
        print_json({"rotated": view})
    elif drop_old:
        _show_dropped(done)
    else:
        click.echo(f"Put the new key {done.active} into {path}. Keep a copy apart from the backups of the database.")
        click.echo(
            "Restart dcvd: it then encrypts with that, and in the background encrypts anew what was encrypted with "
            f"{_listed(done.earlier)}. `dcvd vault status` shows how far it is; then: dcvd vault rotate --drop-old"
        )


@vault.command("status", epilog=examples("dcvd vault status", "dcvd vault status --json | jq .vault.waiting"))
@json_option
@config_option
def show_status(as_json: bool, config: Path) -> None:
    """Show which keys there are, what each has encrypted, and what waits to be encrypted anew.

    Works while the daemon runs and while it does not.
    """
    loaded = _loaded(config)
    with reading(loaded.config.database.path) as snapshot:
        found = status(snapshot, loaded.config, loaded.from_environment)
    if as_json:
        print_json({"vault": found})
    else:
        _show(found)


def _loaded(config: Path) -> Loaded:
    configure_logging(level="warning")
    return load(config, os.environ, need_cloudflare=False)


def _known(config: Config, *, must_exist: bool) -> tuple[str | None, set[str]]:
    """Where the daemon's last start found its key, and every key that it or a row needs."""

    def query(snapshot: Snapshot) -> tuple[str | None, set[str]]:
        recorded = {key.key_id: key for key in vault_keys.list_all(snapshot)}
        active = vault_keys.active(snapshot)
        source = recorded[active].source if active is not None else None
        return source, recorded.keys() | sealed_columns.key_ids(sealed_columns.kinds(snapshot))

    try:
        with reading(config.database.path) as snapshot:
            return query(snapshot)
    except StoreError as error:
        if must_exist or error.code != "no_database":
            raise
        return None, set()


def _show(found: VaultStatus) -> None:
    if not found.keys:
        click.echo("The database has no key yet: the daemon's first start gives it one.")
    else:
        rows = [(key.id, _use(key), _counted(key.rows) or "nothing", _source(key)) for key in found.keys]
        click.echo(table(("key", "use", "has encrypted", "last found in"), rows))
    if found.waiting:
        click.echo(f"To be encrypted anew by the daemon: {_counted(found.waiting)}.")
    if found.damaged:
        click.echo(f"Damaged, and not to be opened with any key: {_counted(found.damaged)}.")
    if found.next is not None:
        click.echo(f"The next start of dcvd encrypts with key {found.next.id}: {found.next.source}.")
    for key in found.unneeded:
        click.echo(f"Nothing in the database needs key {key.id} any more: {key.source}. {_BACKUPS}")
    if found.connections:
        click.echo("Connections to DNS providers: a key is configured.")
    else:
        click.echo(
            "Connections to DNS providers need a key that you set: name its file in oauth.encryption_key_file, or set "
            "OAUTH_ENCRYPTION_KEY, and restart dcvd."
        )
    for problem in found.problems:
        click.echo(problem, err=True)


def _show_dropped(done: Rotated) -> None:
    for key_id in done.dropped:
        click.echo(f"Removed key {key_id} from {done.file}. {_BACKUPS}")
    if not done.dropped:
        click.echo(f"Nothing was removed from {done.file}.")
    if done.earlier:
        click.echo(f"Still needed: {_listed(done.earlier)}; `dcvd vault status` says for what.")


def _use(key: KeyStatus) -> str:
    kind = " (passphrase)" if key.passphrase else ""
    return ("encrypts" if key.active else "opens") + kind


def _source(key: KeyStatus) -> str:
    return key.source if key.source is not None else "nowhere: the daemon does not start without it"


def _counted(counts: Counts) -> str:
    return ", ".join(_COLUMNS[field].counted(count) for field, count in counts.items())


def _listed(key_ids: list[str]) -> str:
    return f"key {' and '.join(key_ids)}"
