"""The form of an organization's name, quotas and rates: an empty field goes back to what is configured."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dcvd.core.organizations.quotas import Quota
from dcvd.core.organizations.rate_limits import Rate
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput
from dcvd.services.organizations.overview import OrganizationOverview

_NAMES: Final = (*Quota, *Rate)
_MAX_DIGITS: Final = 18


class LimitRow(Struct, frozen=True):
    """A quota or a rate. limit: the one that holds; 0 is none. own: what stands in the field. count: of a quota."""

    name: str
    limit: int
    own: str
    count: int | None


def list_limits(overview: OrganizationOverview, typed: Mapping[str, str] | None = None) -> list[LimitRow]:
    """List the quotas and the rates of an organization. typed: what was sent, where the form is shown again."""
    rows: list[LimitRow] = []
    for name in _NAMES:
        own = overview.own_quotas.get(name)
        text = ("" if own is None else str(own)) if typed is None else typed.get(name, "")
        if isinstance(name, Quota):
            rows.append(LimitRow(name.value, overview.quotas.get(name), text, overview.counts[name]))
        else:
            rows.append(LimitRow(name.value, overview.rates.get(name), text, None))
    return rows


def read_limits(form: Mapping[str, str]) -> dict[str, int | None]:
    """Read the quotas and rates of a form, as `organizations.change` takes them. Raises InvalidInput."""
    return {name.value: _read_limit(name.value, form[name].strip()) for name in _NAMES if name in form}


def _read_limit(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        raise InvalidInput(f"quotas.{name}", word("quota_no_number", name=name, text=repr(text)))
    return int(text)
