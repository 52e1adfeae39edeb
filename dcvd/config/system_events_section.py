"""The section of the configuration that says when the operator's programs are told what dcvd itself lacks."""

from typing import Annotated

import msgspec

from dcvd.config.key_annotations import ConfigKey
from dcvd.config.validators import duration, integer, size
from dcvd.core.instants import DAY, Milliseconds


class SystemEventsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """When an event says that something is missing; 0 for never. `disk_floor` in bytes."""

    quota_percent: Annotated[int, ConfigKey(validate=integer(at_least=0, at_most=100), reload=True)] = 90
    backup_max_age: Annotated[Milliseconds, ConfigKey(validate=duration(), reload=True)] = 2 * DAY
    disk_floor: Annotated[int, ConfigKey(validate=size(at_least=0, at_most=1 << 50), reload=True)] = 1 << 30
