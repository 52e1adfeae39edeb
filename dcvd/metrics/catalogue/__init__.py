"""Every metric that dcvd shows, by subject."""

from typing import Final

from dcvd.metrics.catalogue import cloudflare, daemon, domains, work
from dcvd.metrics.definitions import MetricDefinition

CATALOGUE: Final = tuple(
    definition
    for subject in (domains, work, cloudflare, daemon)
    for definition in vars(subject).values()
    if isinstance(definition, MetricDefinition)
)
