"""Put a new key into the daemon's key file, and take old keys out of it."""

import os
from collections.abc import Callable, Collection
from pathlib import Path

from msgspec import Struct

from dcvd.config import Config
from dcvd.errors import ConfigError
from dcvd.kit.vault import key_file
from dcvd.kit.vault.key import VaultKey
from dcvd.services.vault.keyring import KEY_VARIABLE
from dcvd.store.vault.vault_keys import ENVIRONMENT_SOURCE, key_path


class KeyFileChange(Struct, frozen=True, kw_only=True):
    """The ids of a file's keys after a change: the next start seals with the active one; earlier ones only open."""

    file: Path
    active_id: str
    earlier_ids: list[str]
    dropped_ids: list[str]


def find_key_file(
    config: Config, resolve_path: Callable[[str], Path], environment_names: Collection[str], source: str | None
) -> Path:
    """Find the file of the key that the daemon seals with; `source` is where its last start found the key.

    Raises ConfigError where the key is in no file, with what to do instead.
    """
    if KEY_VARIABLE in environment_names or source == ENVIRONMENT_SOURCE:
        raise ConfigError(
            [
                f"The key comes from {KEY_VARIABLE}, where dcvd cannot change it. To change it yourself: write the "
                "present key into a file of mode 0600 and name that in vault.old_key_files, set the variable to what "
                "`dcvd vault keygen` prints, and restart dcvd. `dcvd vault status` says when the old one is not needed "
                "any more."
            ]
        )
    name = config.vault.key_file
    return resolve_path(name) if name else key_path(config.database.path)


def rotate(path: Path) -> KeyFileChange:
    """Put a new key before those of the file. Raises ConfigError where it holds no keys, OSError."""
    new_key = VaultKey.generate(os.urandom)
    return _change(path, lambda keys: [new_key, *keys])


def drop_unneeded_keys(path: Path, needed_ids: Collection[str]) -> KeyFileChange:
    """Remove all keys from the file but the first and those in `needed_ids`. Raises ConfigError, OSError."""
    return _change(path, lambda keys: [key for key in keys if key is keys[0] or key.id in needed_ids])


def _change(path: Path, change_keys: Callable[[list[VaultKey]], list[VaultKey]]) -> KeyFileChange:
    before: list[VaultKey] = []
    after: list[VaultKey] = []

    def check_and_change(keys: list[VaultKey]) -> list[VaultKey]:
        if not keys:
            raise ConfigError(
                [
                    f"The file {path} holds a passphrase, or nothing, and no key can stand beside that. To change to a "
                    f"key: rename the file to {path}.old and name that in vault.old_key_files, run `dcvd vault keygen "
                    f"--output {path}`, and restart dcvd. `dcvd vault status` says when the passphrase is not needed "
                    "any more."
                ]
            )
        before.extend(keys)
        after.extend(change_keys(keys))
        return after

    try:
        key_file.change_keys(path, check_and_change)
    except FileNotFoundError as error:
        raise ConfigError(
            [
                f"There is no key file {path} yet: the daemon makes one at its first start, and `dcvd vault keygen "
                f"--output {path}` makes one that you can configure."
            ]
        ) from error
    except ValueError as error:
        raise ConfigError([f"The file {path} {error}."]) from None
    kept_ids = {key.id for key in after}
    return KeyFileChange(
        file=path,
        active_id=after[0].id,
        earlier_ids=[key.id for key in after[1:]],
        dropped_ids=[key.id for key in before if key.id not in kept_ids],
    )
