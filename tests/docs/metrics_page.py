"""docs/metrics.md, made of the catalogue of metrics and of the alert rules."""

import re
from types import ModuleType
from typing import Any, Final

from dcvd.metrics.catalogue import cloudflare, daemon, domains, work
from dcvd.metrics.definitions import MetricDefinition
from tests.docs.markdown import ROOT
from tests.monitoring.files import load_rules

PATH: Final = ROOT / "docs" / "metrics.md"

_HEAD: Final = """\
# Metrics and alerts

<!-- `python -m tests.docs` writes this page from dcvd/metrics/catalogue and config/prometheus-alerts.yml. -->

`GET /metrics` answers in Prometheus' text format: on the unix socket to operators and observers alone, and at
`server.metrics_listen` to whoever reaches it.
dcvd comes with what Prometheus and Grafana need:

```sh
dcvd monitoring scrape      # what goes into prometheus.yml, by TCP and by the unix socket
dcvd monitoring alerts      # the alert rules: /etc/prometheus/rules/dcvd.yml
dcvd monitoring dashboard   # a dashboard to import in Grafana, for the data source that you choose
```

The Debian package has them in `/usr/share/doc/dcvd`.

A value is that of the moment of the scrape, or has a timestamp beside it that says how old it is.
What cannot be read is absent, and never what it was before; `dcvd_metrics_source_up` says from which source.
Labels are closed sets, without names of tenants or domains. Counters and histograms begin at 0 with each start.
A scrape costs a few milliseconds, however many domains there are.
"""
_SENTENCE_END: Final = re.compile(r"(\.) (?=[A-Z`])")
_SUBJECTS: Final = {
    "Domains": domains,
    "Deliveries, jobs and connections": work,
    "Cloudflare": cloudflare,
    "The daemon": daemon,
}


def render() -> str:
    """Write the page."""
    tables = [f"\n## {title}\n\n{_describe_subject(subject)}" for title, subject in _SUBJECTS.items()]
    alerts = (
        "\n## Alerts\n\nThose of `config/prometheus-alerts.yml`. `none` is no fault, but the heartbeat of alerts.\n"
    )
    return "".join([_HEAD, *tables, alerts, *map(_describe_rule, load_rules())])


def _describe_subject(subject: ModuleType) -> str:
    found = [each for each in vars(subject).values() if isinstance(each, MetricDefinition)]
    rows = [
        f"| `{each.name}` | {each.type} | {', '.join(f'`{label}`' for label in each.labels)} | {each.meaning} |\n"
        for each in found
    ]
    return "| metric | type | labels | what it says |\n|---|---|---|---|\n" + "".join(rows)


def _describe_rule(rule: dict[str, Any]) -> str:
    sentences = _SENTENCE_END.sub(r"\1\n", rule["annotations"]["description"])
    return f"\n### {rule['alert']}\n\nSeverity: {rule['labels']['severity']}. {sentences}\n"
