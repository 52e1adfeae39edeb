"""The section of the configuration with what one organization may have; 0 is no limit.

The keys are named as the quotas in `dcvd/core/organizations/quotas.py`, and an organization may have its own.
"""

from typing import Annotated, Final

import msgspec

from dcvd.config.key_annotations import ConfigKey
from dcvd.config.validators import integer, size

_QUOTA: Final = integer(at_least=0, at_most=1_000_000_000)


class LimitsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How much one organization may have of each thing; `remembered_bytes` in bytes."""

    endpoints: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 100
    tokens: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 200
    connections: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 100
    links: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 100
    members: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 200
    domains: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 0
    remembered_lines: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 1_000_000
    remembered_bytes: Annotated[int, ConfigKey(validate=size(at_least=0, at_most=1 << 40), reload=True)] = 256 << 20
