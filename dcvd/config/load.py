"""Loads a Config from a TOML file and the environment, or reports all problems at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dcvd.config.addresses import leads_to_loopback
from dcvd.config.document import read_document
from dcvd.config.key_annotations import ConfigKey, ConfigSecret, attribute_of, keys, secret_keys, sections
from dcvd.config.problems import (
    describe_literal_secret,
    describe_long_path,
    describe_unknown_key,
    describe_unknown_section,
    describe_wrong_value,
)
from dcvd.config.secrets import SecretSource, validate_secret
from dcvd.config.sections import Config
from dcvd.config.validators import InvalidValue
from dcvd.core.secret import Secret
from dcvd.errors import ConfigError


class LoadedConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A valid configuration, the variables that won over the TOML, and warnings for the operator."""

    config: Config
    path: Path
    from_environment: tuple[str, ...]
    warnings: tuple[str, ...]


def load(path: Path, environ: Mapping[str, str], *, need_cloudflare: bool = True) -> LoadedConfig:
    """Load and check the whole configuration. Raises ConfigError with one sentence for each problem.

    Relative paths of the TOML start at its own directory, so that every command means the same files, run from
    anywhere.
    With `need_cloudflare=False` (for commands that only need the database) no key is required, and a secret whose file
    cannot be read stays empty: the person at the command line may not be allowed to read it.
    """
    return _ConfigLoader(path, environ, need_cloudflare).run()


class _ConfigLoader:
    """Loads one configuration, and collects problems and warnings on the way."""

    def __init__(self, path: Path, environ: Mapping[str, str], need_cloudflare: bool) -> None:
        self._path = path
        self._environ = environ
        self._need_cloudflare = need_cloudflare
        self._directory = path.absolute().parent
        self._secrets = SecretSource(directory=self._directory, environ=environ)
        self._problems: list[str] = []
        self._warnings: list[str] = []
        self._used_variables: list[str] = []
        self._exposed_secrets: list[tuple[str, Path]] = []

    def run(self) -> LoadedConfig:
        document = _flatten_tables(read_document(self._path))
        self._refuse_unknown(document)
        values = {name: self._read_section(name, section, document) for name, section in sections(Config).items()}
        if self._problems:
            raise ConfigError(self._problems)
        config = Config(**{attribute_of(name): value for name, value in values.items()})
        self._warn(config)
        return LoadedConfig(
            config=config, path=self._path, from_environment=tuple(self._used_variables), warnings=tuple(self._warnings)
        )

    def _refuse_unknown(self, document: Mapping[str, Any]) -> None:
        known = {name: tuple(keys(section)) for name, section in sections(Config).items()}
        for name, table in document.items():
            if name not in known:
                self._problems.append(describe_unknown_section(name, known, table))
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
                self._problems.append(
                    describe_literal_secret(f"{section}.{name}", [f"{section}.{secrets[name].file_key}"])
                )
            elif name not in known[section]:
                self._problems.append(describe_unknown_key(section, name, known))

    def _read_section(self, name: str, section: type[msgspec.Struct], document: Mapping[str, Any]) -> Any:
        """Read a section; a wrong value is replaced by the default, and its problem is noted."""
        table = document.get(name, {})
        if not isinstance(table, dict):
            table = {}
        values: dict[str, Any] = {}
        for key, declaration in keys(section).items():
            self._read_key(f"{name}.{key}", key, declaration, table, values)
        without_secrets = section(**values)
        for key, secret_declaration in secret_keys(section).items():
            if secret_declaration.file_key in table and secret_declaration.file_key not in values:
                continue  # its path is wrong, which is reported already
            files = getattr(without_secrets, secret_declaration.file_key)
            if isinstance(files, tuple):
                values[key] = tuple(self._read_secret(name, secret_declaration, file) for file in files)
            elif (secret := self._read_secret(name, secret_declaration, files)) is not None:
                values[key] = secret
        return section(**values)

    def _read_key(
        self, dotted_key: str, key: str, declaration: ConfigKey, table: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        source, value = dotted_key, table.get(key)
        from_environment = self._environ.get(declaration.environment, "").strip() if declaration.environment else ""
        if from_environment:
            source, value = f"${declaration.environment}", from_environment
            self._used_variables.append(declaration.environment)
        if value is None:
            if declaration.required and self._need_cloudflare:
                self._problems.append(
                    f"{dotted_key} is missing: set it in {self._path}, or set ${declaration.environment}."
                )
            return
        try:
            checked_value = declaration.validate(value)
        except InvalidValue as error:
            self._problems += (describe_wrong_value(source, fault) for fault in error.faults)
            return
        if isinstance(checked_value, Path):
            checked_value = self._directory / checked_value
            length = len(os.fsencode(checked_value))
            if declaration.longest_path_bytes and length > declaration.longest_path_bytes:
                self._problems.append(
                    describe_long_path(source, value, str(checked_value), length, declaration.longest_path_bytes)
                )
                return
        values[key] = checked_value

    def _read_secret(self, section: str, declaration: ConfigSecret, file: str) -> Secret | None:
        dotted_key = f"{section}.{declaration.file_key}"
        if text := self._secrets.read_variable(declaration):
            self._used_variables.append(declaration.environment)
            source = f"${declaration.environment}"
        elif file:
            path = self._secrets.resolve_path(file)
            source = f"The file {path} ({dotted_key})"
            try:
                secret_file = self._secrets.read_file(path)
            except ValueError as error:
                self._report_missing_secret(f"{source} {error}: put the secret there{_variable_hint(declaration)}.")
                return None
            text = secret_file.text
            if secret_file.is_exposed and self._need_cloudflare:
                self._exposed_secrets.append((section, path))
        else:
            if declaration.required:
                self._report_missing_secret(
                    f"{dotted_key} is empty: name the file of the secret{_variable_hint(declaration)}."
                )
            return None
        try:
            return validate_secret(declaration, text)
        except ValueError as error:
            self._report_missing_secret(f"{source} {error}.")
            return None

    def _report_missing_secret(self, problem: str) -> None:
        if self._need_cloudflare:
            self._problems.append(problem)

    def _warn(self, config: Config) -> None:
        is_sandbox = leads_to_loopback(config.cloudflare.base_url)
        if config.cloudflare.base_url.startswith("http://") and not is_sandbox:
            self._warnings.append(
                f"cloudflare.base_url {config.cloudflare.base_url} is plain http: the API token crosses the network "
                "unencrypted. Use https."
            )
        self._warnings += (
            f"The secret file {path} is open to group or others: chmod 600 {path}."
            for section, path in self._exposed_secrets
            if not _is_for_sandbox(section, config)
        )


def _is_for_sandbox(section: str, config: Config) -> bool:
    """Whether others may read the section's secret file, because it is for a server on loopback alone (the sandbox)."""
    is_cloudflare_local = leads_to_loopback(config.cloudflare.base_url)
    is_oauth_local = leads_to_loopback(config.oauth_cloudflare.token_url)
    match section:
        case "cloudflare":
            return is_cloudflare_local
        case "oauth.cloudflare":
            return is_oauth_local
        case "vault":
            return is_cloudflare_local and is_oauth_local
        case _:
            return False


def _flatten_tables(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with each nested section as a table of its own, under its dotted name."""
    known = sections(Config)
    flat: dict[str, Any] = {}

    def add(name: str, value: Any) -> None:
        if isinstance(value, dict):
            inner = {key: item for key, item in value.items() if f"{name}.{key}" in known}
            value = {key: item for key, item in value.items() if key not in inner}
            flat[name] = value
            for key, item in inner.items():
                add(f"{name}.{key}", item)
        else:
            flat[name] = value

    for name, value in document.items():
        add(name, value)
    return flat


def _variable_hint(declaration: ConfigSecret) -> str:
    return f", or set ${declaration.environment}" if declaration.environment else ""
