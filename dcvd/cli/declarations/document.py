"""The file: what it can say of organizations, and how it is read and written as TOML."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import tomli_w
from msgspec import UNSET, Struct, UnsetType

from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.webhooks.ordering import Ordering
from dcvd.errors import DcvdError

_HEAD: Final = """\
# Organizations of dcvd, written by `dcvd export`. `dcvd apply FILE --dry-run` shows what it would change, and
# `dcvd apply FILE` changes it; where all is so already, it does nothing.
#
# A table or list that is missing is left as it is. One that is there is meant as a whole: a quota or a setting that it
# lacks goes back to the default, and what is missing in a list is removed with --prune. An organization, or an
# endpoint, is found by its id, else by its name, else (an endpoint) by its URL; a new one needs no id.
#
# Not in here: secrets, headers and client certificates of endpoints, which stay as they are, and logos, tokens,
# members, connections and domains.
"""


class EndpointDeclaration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An endpoint; `enabled` is only looked at where it is given, as dcvd disables endpoints too."""

    id: str | None = None
    name: str | None = None
    url: str
    events: list[str]
    enabled: bool | None = None
    max_per_second: int | None = None
    timeout_seconds: int | None = None
    retry_schedule: list[str] | None = None
    ordering: Ordering = Ordering.DOMAIN
    match_labels: dict[str, str] = {}
    match_domains: list[str] = []


class BrandingDeclaration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How an organization looks; what is missing is unset."""

    name: str | None = None
    primary_color: str | None = None
    background_color: str | None = None
    language: str | None = None
    return_url: str | None = None
    embed_origins: list[str] = []


class ContactDeclaration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An address that is asked whether it wants alerts; without `kinds`, of all kinds."""

    address: str
    kinds: list[AlertKind] | None = None


class OrganizationDeclaration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An organization. What is UNSET is left as it is."""

    id: str | None = None
    name: str
    quotas: dict[str, int] | UnsetType = UNSET
    branding: BrandingDeclaration | UnsetType = UNSET
    zones: list[str] | UnsetType = UNSET
    contacts: list[ContactDeclaration] | UnsetType = UNSET
    endpoints: list[EndpointDeclaration] | UnsetType = UNSET


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The whole file."""

    organizations: list[OrganizationDeclaration] = []


def read_document(path: Path) -> Document:
    """Read a file. Raises DcvdError, naming the place of what is wrong, and OSError."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8-sig")), Document)
    except UnicodeDecodeError as error:
        raise DcvdError(f"{path} is not UTF-8; TOML files are: save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise DcvdError(f"{path} is not valid TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise DcvdError(f"{path} says what no such file can say: {error}.") from error
    except (RecursionError, ValueError) as error:  # nested too deeply, or a number of thousands of digits
        raise DcvdError(f"{path} has a value that nobody can read: {error}.") from error


def write_document(organizations: Sequence[OrganizationDeclaration]) -> str:
    """Write the file's text."""
    content: Any = msgspec.to_builtins(Document(organizations=list(organizations)))
    return f"{_HEAD}\n{tomli_w.dumps(_without_none(content))}"


def _without_none(value: Any) -> Any:
    """Leave out what TOML has no word for."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value
