"""`dcvd health`: asks the running daemon whether it serves, for whoever has to know without a client of their own."""

import http.client
import os
from pathlib import Path

import click

from dcvd.cli import socket_calls
from dcvd.cli.options import config_option, format_examples, json_option
from dcvd.config import load
from dcvd.errors import DcvdError


@click.command("health", epilog=format_examples("dcvd health", 'HEALTHCHECK CMD ["dcvd", "health"]'))
@json_option
@config_option
def health(as_json: bool, config: Path) -> None:  # noqa: ARG001  # what the daemon answers is JSON
    """Ask the running daemon, over its unix socket, for GET /health. Ends with 1 unless it answers 200 in 5 seconds.

    Whether all that dcvd needs works is another question: it serves also while Cloudflare is away.
    """
    path = load(config, os.environ, need_cloudflare=False).config.server.socket
    answer = socket_calls.get(path, "/health")
    if answer.status != http.client.OK:
        raise DcvdError(f"The daemon at {path} answers {answer.status}: {answer.body}")
    click.echo(answer.body)
