"""`dcvd monitoring`: prints the files for Prometheus and Grafana, without a daemon and without a configuration."""

from importlib import resources
from typing import Final

import click

from dcvd.cli.options import format_examples

_FILES: Final = {
    "alerts": "prometheus-alerts.yml",
    "scrape": "prometheus-scrape.yml",
    "dashboard": "grafana-dashboard.json",
}


@click.command(
    epilog=format_examples(
        "dcvd monitoring alerts > /etc/prometheus/rules/dcvd.yml", "dcvd monitoring dashboard > dcvd.json"
    )
)
@click.argument("file", type=click.Choice(list(_FILES)))
def monitoring(file: str) -> None:
    """Print the alert rules for Prometheus, what its configuration needs to scrape dcvd, or a dashboard for Grafana."""
    click.echo(read_file(_FILES[file]), nl=False)


def read_file(name: str) -> str:
    """Read a file that dcvd comes with."""
    return resources.files("dcvd.cli.monitoring").joinpath("files", name).read_text(encoding="utf-8")
