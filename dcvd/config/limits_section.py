"""The section of the configuration with what one organization may have, and how often it may ask; 0 is no limit.

The keys are named as in `dcvd/core/organizations/quotas.py` and `rate_limits.py`, and an organization may have its own,
but for those of failed authentications and of bodies that are being read.
"""

from typing import Annotated, Final

import msgspec

from dcvd.config.key_annotations import ConfigKey
from dcvd.config.validators import duration, integer, size
from dcvd.core.instants import DAY, HOUR, MINUTE, Milliseconds

_QUOTA: Final = integer(at_least=0, at_most=1_000_000_000)


class LimitsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How much one organization may have of each thing; `remembered_bytes` in bytes.

    burst: what a pause saves up, as the time that it takes to save it. failed_authentications: of one client's address,
    within `failed_authentication_window`.
    """

    endpoints: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 100
    tokens: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 200
    connections: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 100
    zones: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 100
    links: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 100
    members: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 200
    domains: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 0
    remembered_lines: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 1_000_000
    remembered_bytes: Annotated[int, ConfigKey(validate=size(at_least=0, at_most=1 << 40), reload=True)] = 256 << 20
    body_bytes_per_organization: Annotated[int, ConfigKey(validate=size(at_least=0, at_most=1 << 40))] = 8 << 20
    body_bytes: Annotated[int, ConfigKey(validate=size(at_least=0, at_most=1 << 40))] = 64 << 20
    reads_per_minute: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 12_000
    writes_per_minute: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 6_000
    token_reads_per_minute: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 6_000
    token_writes_per_minute: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 3_000
    burst: Annotated[Milliseconds, ConfigKey(validate=duration(at_least_ms=1, at_most_ms=HOUR), reload=True)] = MINUTE
    failed_authentications: Annotated[int, ConfigKey(validate=_QUOTA, reload=True)] = 10
    failed_authentication_window: Annotated[
        Milliseconds, ConfigKey(validate=duration(at_least_ms=1, at_most_ms=DAY), reload=True)
    ] = 5 * MINUTE
