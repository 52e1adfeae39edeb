"""DNS records at a provider whose API is described by the configuration or by a preset."""

from dcvd.providers.http.presets import PRESETS, ApiPreset
from dcvd.providers.http.records import HttpRecords

__all__ = ["PRESETS", "ApiPreset", "HttpRecords"]
