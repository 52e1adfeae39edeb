"""From a TOML file and the environment to a Config, or to every problem at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dcvd.config.addresses import is_loopback
from dcvd.config.document import read_document
from dcvd.config.keys import Key, SecretKey, attribute_of, keys, secret_keys, sections
from dcvd.config.model import Config
from dcvd.config.problems import literal_secret, long_path, unknown_key, unknown_section, wrong_value
from dcvd.config.secrets import SecretSource, checked
from dcvd.config.validators import CheckError
from dcvd.core.secret import Secret
from dcvd.errors import ConfigError


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A usable configuration, the names of the variables that won over the TOML, and sentences for the operator."""

    config: Config
    path: Path
    from_environment: tuple[str, ...]
    warnings: tuple[str, ...]


def load(path: Path, environ: Mapping[str, str], *, need_cloudflare: bool = True) -> Loaded:
    """Read and check everything. Raises ConfigError with one sentence for each problem.

    Relative paths of the TOML start at its own directory, so that every command means the same files, run from
    anywhere.
    With `need_cloudflare=False` (commands that go to the database alone) no key is required, and a secret whose file
    cannot be read stays empty: the person at the command line may rightly be kept from it.
    """
    return _Loading(path, environ, need_cloudflare).run()


class _Loading:
    """One load: what it has found so far."""

    def __init__(self, path: Path, environ: Mapping[str, str], complete: bool) -> None:
        self._path = path
        self._environ = environ
        self._complete = complete
        self._directory = path.absolute().parent
        self._secrets = SecretSource(directory=self._directory, environ=environ)
        self._problems: list[str] = []
        self._warnings: list[str] = []
        self._taken: list[str] = []
        self._loose: list[tuple[str, Path]] = []

    def run(self) -> Loaded:
        document = _tables(read_document(self._path))
        self._refuse_unknown(document)
        values = {name: self._section(name, section, document) for name, section in sections(Config).items()}
        if self._problems:
            raise ConfigError(self._problems)
        config = Config(**{attribute_of(name): value for name, value in values.items()})
        self._warn(config)
        return Loaded(
            config=config, path=self._path, from_environment=tuple(self._taken), warnings=tuple(self._warnings)
        )

    def _refuse_unknown(self, document: Mapping[str, Any]) -> None:
        known = {name: tuple(keys(section)) for name, section in sections(Config).items()}
        for name, table in document.items():
            if name not in known:
                self._problems.append(unknown_section(name, known, table))
            elif not isinstance(table, dict):
                self._problems.append(f"{name} is not a table: write its keys below a line [{name}].")
            else:
                self._refuse_unknown_keys(name, table, known)

    def _refuse_unknown_keys(
        self, section: str, table: Mapping[str, Any], known: Mapping[str, tuple[str, ...]]
    ) -> None:
        secrets = secret_keys(sections(Config)[section])
        for name in table:
            if name in secrets:
                self._problems.append(literal_secret(f"{section}.{name}", [f"{section}.{secrets[name].file}"]))
            elif name not in known[section]:
                self._problems.append(unknown_key(section, name, known))

    def _section(self, name: str, section: type[msgspec.Struct], document: Mapping[str, Any]) -> Any:
        """The section with what was given; of what is at fault, the default (a problem is noted then)."""
        table = document.get(name, {})
        if not isinstance(table, dict):
            table = {}
        given: dict[str, Any] = {}
        for key, mark in keys(section).items():
            self._take(f"{name}.{key}", key, mark, table, given)
        without_secrets = section(**given)
        for key, secret_mark in secret_keys(section).items():
            if secret_mark.file in table and secret_mark.file not in given:
                continue  # its path is at fault, and said to be
            files = getattr(without_secrets, secret_mark.file)
            if isinstance(files, tuple):
                given[key] = tuple(self._secret(name, secret_mark, file) for file in files)
            elif (secret := self._secret(name, secret_mark, files)) is not None:
                given[key] = secret
        return section(**given)

    def _take(self, dotted: str, key: str, mark: Key, table: Mapping[str, Any], given: dict[str, Any]) -> None:
        source, value = dotted, table.get(key)
        from_environment = self._environ.get(mark.environment, "").strip() if mark.environment else ""
        if from_environment:
            source, value = f"${mark.environment}", from_environment
            self._taken.append(mark.environment)
        if value is None:
            if mark.required and self._complete:
                self._problems.append(f"{dotted} is missing: set it in {self._path}, or set ${mark.environment}.")
            return
        try:
            checked_value = mark.check(value)
        except CheckError as error:
            self._problems += (wrong_value(source, fault) for fault in error.faults)
            return
        if isinstance(checked_value, Path):
            checked_value = self._directory / checked_value
            length = len(os.fsencode(checked_value))
            if mark.longest_path and length > mark.longest_path:
                self._problems.append(long_path(source, value, str(checked_value), length, mark.longest_path))
                return
        given[key] = checked_value

    def _secret(self, section: str, mark: SecretKey, file: str) -> Secret | None:
        dotted = f"{section}.{mark.file}"
        if text := self._secrets.from_environment(mark):
            self._taken.append(mark.environment)
            source = f"${mark.environment}"
        elif file:
            path = self._secrets.place(file)
            source = f"The file {path} ({dotted})"
            try:
                found = self._secrets.read(path)
            except ValueError as error:
                self._missing_secret(f"{source} {error}: put the secret there{_or_set(mark)}.")
                return None
            text = found.text
            if found.loose and self._complete:
                self._loose.append((section, path))
        else:
            if mark.required:
                self._missing_secret(f"{dotted} is empty: name the file of the secret{_or_set(mark)}.")
            return None
        try:
            return checked(mark, text)
        except ValueError as error:
            self._missing_secret(f"{source} {error}.")
            return None

    def _missing_secret(self, problem: str) -> None:
        if self._complete:
            self._problems.append(problem)

    def _warn(self, config: Config) -> None:
        sandboxed = is_loopback(config.cloudflare.base_url)
        if config.cloudflare.base_url.startswith("http://") and not sandboxed:
            self._warnings.append(
                f"cloudflare.base_url {config.cloudflare.base_url} is plain http: the API token crosses the network "
                "unencrypted. Use https."
            )
        self._warnings += (
            f"The secret file {path} is open to group or others: chmod 600 {path}."
            for section, path in self._loose
            if not _opens_a_sandbox_alone(section, config)
        )


def _opens_a_sandbox_alone(section: str, config: Config) -> bool:
    """Whether the section's secret file may lie open: what it is for is on loopback, such as config/sandbox.toml's."""
    sandboxed = is_loopback(config.cloudflare.base_url)
    consents = is_loopback(config.oauth_cloudflare.token_url)
    match section:
        case "cloudflare":
            return sandboxed
        case "oauth.cloudflare":
            return consents
        case "oauth":
            return sandboxed and consents
        case _:
            return False


def _tables(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with each section that stands within another as a table of its own, by its dotted name."""
    known = sections(Config)
    flat: dict[str, Any] = {}

    def take(name: str, value: Any) -> None:
        if isinstance(value, dict):
            inner = {key: item for key, item in value.items() if f"{name}.{key}" in known}
            value = {key: item for key, item in value.items() if key not in inner}
            flat[name] = value
            for key, item in inner.items():
                take(f"{name}.{key}", item)
        else:
            flat[name] = value

    for name, value in document.items():
        take(name, value)
    return flat


def _or_set(mark: SecretKey) -> str:
    return f", or set ${mark.environment}" if mark.environment else ""
