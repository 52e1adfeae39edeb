"""The files for Prometheus and Grafana that dcvd comes with, and what their expressions name."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from dcvd.metrics.catalogue import CATALOGUE
from dcvd.metrics.definitions import MetricDefinition, MetricType
from tests.docs.markdown import ROOT

ALERTS: Final = ROOT / "config" / "prometheus-alerts.yml"
SCRAPE: Final = ROOT / "config" / "prometheus-scrape.yml"
DASHBOARD: Final = ROOT / "config" / "grafana-dashboard.json"
_SELECTOR: Final = re.compile(r"\b(?P<name>(?:dcvd|process)_[a-z0-9_]+)(?:\{(?P<labels>[^}]*)\})?")
_LABEL: Final = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")
_OF_TARGET: Final = {"instance", "job"}
"""Labels that Prometheus adds to each sample."""
_HISTOGRAM_ENDS: Final = ("_bucket", "_sum", "_count")


def load_rules() -> list[dict[str, Any]]:
    """The alert rules."""
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def load_panels() -> list[dict[str, Any]]:
    """The panels of the dashboard, without the rows."""
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def list_expressions() -> list[str]:
    """Every expression of the rules and of the dashboard."""
    shown = [target["expr"] for panel in load_panels() for target in panel["targets"]]
    return [*(rule["expr"] for rule in load_rules()), *shown]


def list_selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """The metrics that an expression names, each with the labels that it selects by."""
    for match in _SELECTOR.finditer(expression):
        yield match["name"], set(_LABEL.findall(match["labels"] or "")) - _OF_TARGET


def find_definition(name: str) -> MetricDefinition | None:
    """The metric whose sample has this name."""
    for definition in CATALOGUE:
        if definition.type is MetricType.HISTOGRAM:
            if name in {definition.name + end for end in _HISTOGRAM_ENDS}:
                return definition
        elif name == definition.name:
            return definition
    return None
