"""`dcvd domain-connect`: makes what an operator publishes so that customers' DNS providers know the service."""

import json
import os
from pathlib import Path
from typing import Final

import click

from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.columns import Column
from dcvd.cli.terminal.lists import format_list
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.screen import find_screen
from dcvd.config import Config, load
from dcvd.core.records.domain_connect import build_template, public_key_domain, public_key_texts, return_hosts
from dcvd.errors import ConfigError, StoreError
from dcvd.kit.new_file import create_file
from dcvd.providers.domain_connect.signing import encode_public_key, generate_key
from dcvd.store.engine.files import adopt_owner

_RECORD_COLUMNS: Final[tuple[Column[tuple[str, str]], ...]] = (
    Column(heading="type", cell=lambda _: "TXT"),
    Column(heading="name", cell=lambda record: record[0]),
    Column(heading="value", cell=lambda record: record[1]),
)


@click.group(
    "domain-connect",
    epilog=format_examples(
        "dcvd domain-connect keygen --output /etc/dcvd/domain-connect.pem",
        "dcvd domain-connect txt",
        "dcvd domain-connect template --provider-name Acme > example.net.custom-domain.json",
    ),
)
def domain_connect() -> None:
    """Make the key and the template by which customers' DNS providers create the records for them.

    Make a key, set [providers.domain_connect] in the configuration, publish the key's TXT records, and hand the
    template in at github.com/Domain-Connect/Templates; providers then take it over, each in its own time.
    """


@domain_connect.command(
    "keygen", epilog=format_examples("dcvd domain-connect keygen --output /etc/dcvd/domain-connect.pem")
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="A new file, readable by its owner alone."
)
def keygen(output: Path | None) -> None:
    """Make a private key: print it, or write it to a FILE that is not there yet."""
    key = generate_key()
    if output is None:
        click.echo(key.reveal(), nl=False)
        return
    path = output.absolute()
    try:
        with create_file(path) as draft:
            draft.write_text(key.reveal(), encoding="ascii")
            adopt_owner(draft)
    except FileExistsError as error:
        raise StoreError(f"{path} is already there, and a key replaces nothing: name another file.") from error
    print_prose(f"Wrote a private key to {path}. Name it as providers.domain_connect.private_key_file.")


@domain_connect.command("txt", epilog=format_examples("dcvd domain-connect txt", "dcvd domain-connect txt --json"))
@json_option
@config_option
def txt(as_json: bool, config: Path) -> None:
    """Show the TXT records that publish the key. Providers look for them at each link; keep them as long as the key."""
    connect = _load_config(config).providers_domain_connect
    if not connect.provider_id or connect.private_key is None:
        raise ConfigError(
            [
                "providers.domain_connect.provider_id and providers.domain_connect.private_key_file have to be set, "
                "and the file readable."
            ]
        )
    name = f"{connect.key}.{public_key_domain(connect.provider_id, connect.key_domain)}"
    values = public_key_texts(encode_public_key(connect.private_key))
    if as_json:
        print_json({"records": [{"type": "TXT", "name": name, "value": value} for value in values]})
        return
    click.echo(format_list([(name, value) for value in values], _RECORD_COLUMNS, find_screen(), now=0, is_wide=True))


@domain_connect.command(
    "template",
    epilog=format_examples("dcvd domain-connect template --provider-name Acme > example.net.custom-domain.json"),
)
@click.option(
    "--provider-name", metavar="NAME", help="What customers know you by; else providers.domain_connect.provider_id."
)
@click.option(
    "--service-name", metavar="NAME", default="Custom domain", show_default=True, help="What customers set up."
)
@config_option
def show_template(provider_name: str | None, service_name: str, config: Path) -> None:
    """Print the template, to be published as PROVIDER_ID.SERVICE_ID.json.

    A change of cloudflare.cname_target changes it: publish it anew then.
    """
    loaded = _load_config(config)
    connect, target = loaded.providers_domain_connect, loaded.cloudflare.cname_target
    if not (connect.provider_id and connect.service_id and target):
        raise ConfigError(
            [
                "providers.domain_connect.provider_id, providers.domain_connect.service_id and cloudflare.cname_target "
                "have to be set."
            ]
        )
    template = build_template(
        connect.provider_id,
        connect.service_id,
        key_domain=public_key_domain(connect.provider_id, connect.key_domain),
        target=target,
        provider_name=provider_name or connect.provider_id,
        service_name=service_name,
        redirect_hosts=return_hosts(filter(None, (*loaded.oauth.return_to, loaded.server.public_url))),
    )
    click.echo(json.dumps(template, indent=2, ensure_ascii=False))


def _load_config(config: Path) -> Config:
    return load(config, os.environ, need_cloudflare=False).config
