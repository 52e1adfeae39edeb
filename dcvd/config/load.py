"""Loads a Config from a TOML file and the environment, or reports all problems at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec.structs import replace

from dcvd.config.config_warnings import find_warnings
from dcvd.config.document import read_document
from dcvd.config.environment import find_unknown_variables, read_value, variable_of
from dcvd.config.key_annotations import ConfigKey, ConfigSecret, attribute_of, keys, secret_keys, sections
from dcvd.config.origins import DEFAULT_ORIGIN, Origin, OriginKind
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
    """A valid configuration, the variables that won over the TOML, and warnings for the operator.

    `origins`: by its dotted name, where each key and secret comes from that is not a default.
    """

    config: Config
    path: Path
    from_environment: tuple[str, ...]
    warnings: tuple[str, ...]
    origins: Mapping[str, Origin] = MappingProxyType({})


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
        self._wrong_keys: set[str] = set()
        self._origins: dict[str, Origin] = {}
        self._exposed_secrets: list[tuple[str, Path]] = []

    def run(self) -> LoadedConfig:
        document = _flatten_tables(read_document(self._path))
        self._refuse_unknown(document)
        self._problems += find_unknown_variables(self._environ)
        values = {name: self._read_section(name, section, document) for name, section in sections(Config).items()}
        if self._problems:
            raise ConfigError(self._problems)
        config = Config(**{attribute_of(name): value for name, value in values.items()})
        self._check_alerts(config)
        self._check_oidc(config)
        if self._problems:
            raise ConfigError(self._problems)
        self._warnings += find_warnings(config, self._exposed_secrets)
        used = [origin.where for origin in self._origins.values() if origin.kind is OriginKind.ENVIRONMENT]
        return LoadedConfig(
            config=config,
            path=self._path,
            from_environment=tuple(used),
            warnings=tuple(self._warnings),
            origins=self._origins,
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
        defaults = section()
        for key, declaration in keys(section).items():
            dotted_key = f"{name}.{key}"
            origin = self._find_value(dotted_key, declaration, table.get(key), getattr(defaults, key))
            self._read_key(dotted_key, key, declaration, origin, values)
        without_secrets = section(**values)
        for key, secret_declaration in secret_keys(section).items():
            if f"{name}.{secret_declaration.file_key}" in self._wrong_keys:
                continue  # its path is wrong, which is reported already
            files = getattr(without_secrets, secret_declaration.file_key)
            if isinstance(files, tuple):
                values[key] = tuple(self._read_secret(name, key, secret_declaration, file) for file in files)
            elif (secret := self._read_secret(name, key, secret_declaration, files)) is not None:
                values[key] = secret
        return section(**values)

    def _find_value(self, dotted_key: str, declaration: ConfigKey, in_file: object, default: object) -> Origin | None:
        """Find what wins: the key's own variable, then that of the predecessor, then the file. None if it is wrong."""
        variable, former = variable_of(dotted_key), declaration.environment
        from_former = self._environ.get(former, "").strip() if former else ""
        if text := self._environ.get(variable, "").strip():
            if from_former:
                self._warnings.append(f"${former} has no effect, because ${variable} is set too: unset one of them.")
            try:
                value = read_value(variable, text, default, declaration)
            except ValueError as error:
                self._problems.append(str(error))
                self._wrong_keys.add(dotted_key)
                return None
            return Origin(OriginKind.ENVIRONMENT, variable, value)
        if from_former:
            return Origin(OriginKind.ENVIRONMENT, former, from_former)
        return DEFAULT_ORIGIN if in_file is None else Origin(OriginKind.FILE, str(self._path), in_file)

    def _read_key(
        self, dotted_key: str, key: str, declaration: ConfigKey, origin: Origin | None, values: dict[str, Any]
    ) -> None:
        if origin is None:
            return
        if origin.kind is OriginKind.DEFAULT:
            if declaration.required and self._need_cloudflare:
                self._problems.append(
                    f"{dotted_key} is missing: set it in {self._path}, or set ${declaration.environment}."
                )
            return
        source = f"${origin.where}" if origin.kind is OriginKind.ENVIRONMENT else dotted_key
        self._wrong_keys.add(dotted_key)
        try:
            checked_value = declaration.validate(origin.value)
        except InvalidValue as error:
            self._problems += (describe_wrong_value(source, fault) for fault in error.faults)
            return
        if isinstance(checked_value, Path):
            checked_value = self._directory / checked_value
            length, longest = len(os.fsencode(checked_value)), declaration.longest_path_bytes
            if longest and length > longest:
                self._problems.append(describe_long_path(source, origin.value, str(checked_value), length, longest))
                return
        self._wrong_keys.discard(dotted_key)
        # A secret that may stand in the TOML is kept in one place alone.
        self._origins[dotted_key] = replace(origin, value=None) if isinstance(checked_value, Secret) else origin
        values[key] = checked_value

    def _read_secret(self, section: str, key: str, declaration: ConfigSecret, file: str) -> Secret | None:
        dotted_key = f"{section}.{declaration.file_key}"
        named_by = self._origins.get(dotted_key, DEFAULT_ORIGIN)
        file_key = f"${named_by.where}" if named_by.kind is OriginKind.ENVIRONMENT else dotted_key
        if text := self._secrets.read_variable(declaration):
            self._origins[f"{section}.{key}"] = Origin(OriginKind.ENVIRONMENT, declaration.environment)
            source = f"${declaration.environment}"
        elif file:
            path = self._secrets.resolve_path(file)
            self._origins[f"{section}.{key}"] = Origin(OriginKind.SECRET_FILE, str(path))
            source = f"The file {path} ({file_key})"
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
                    f"{file_key} is empty: name the file of the secret{_variable_hint(declaration)}."
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

    def _check_oidc(self, config: Config) -> None:
        oidc = config.web_oidc
        if not oidc.issuer:
            return
        needs = "web.oidc.issuer is set, and the sign-in needs"
        if not config.server.public_url:
            self._problems.append(
                f"server.public_url is empty: {needs} the URL to which the provider sends people back."
            )
        if not oidc.client_id:
            self._problems.append(f"web.oidc.client_id is empty: {needs} a client at the provider.")
        if oidc.auth_method != "none" and oidc.client_secret is None and self._need_cloudflare:
            self._problems.append(
                f'web.oidc.client_secret_file is empty: {needs} it, unless web.oidc.auth_method is "none".'
            )
        if "openid" not in oidc.scopes:
            self._problems.append(
                'web.oidc.scopes lacks "openid", without which the provider says nothing of a person.'
            )
        if bool(oidc.role_claim) != bool(oidc.roles):
            self._problems.append("web.oidc.role_claim and web.oidc.roles are set together, or neither is.")

    def _check_alerts(self, config: Config) -> None:
        if config.mail.host and config.mail.from_address is None:
            self._problems.append("mail.from_address is missing: mail.host needs a sender of its mails.")
        if config.alerts.operator_mail and not config.mail.host:
            self._problems.append("mail.host is missing: alerts.operator_mail needs a mail server.")
        if config.alerts.heartbeat_url and config.alerts.heartbeat_url_file:
            self._problems.append(
                "alerts.heartbeat_url and alerts.heartbeat_url_file are both set: leave one of them empty."
            )


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
