"""DNS records at a provider whose API the configuration describes, or whose description we have."""

from dcvd.providers.http.presets import PRESETS, ApiPreset
from dcvd.providers.http.records import HttpRecords

__all__ = ["PRESETS", "ApiPreset", "HttpRecords"]
