"""The section of the configuration about what people see in a browser."""

from typing import Annotated, Final

import msgspec

from dcvd.config.key_annotations import ConfigKey
from dcvd.config.validators import duration
from dcvd.core.instants import DAY, HOUR, Milliseconds

_SESSION: Final = duration(at_least_ms=1, at_most_ms=90 * DAY)


class WebConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The dashboard. session_idle: how long a session may be unused; session_lifetime: how long it may last in all."""

    session_idle: Annotated[Milliseconds, ConfigKey(validate=_SESSION, reload=True)] = 12 * HOUR
    session_lifetime: Annotated[Milliseconds, ConfigKey(validate=_SESSION, reload=True)] = 7 * DAY
