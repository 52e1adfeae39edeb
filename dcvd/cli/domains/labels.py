"""Labels as the command line has them."""

import click

from dcvd.core.domains.labels import validate_label
from dcvd.errors import InvalidInput


def read_labels(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Return the labels of an option that is given as KEY=VALUE, once for each. Raises BadParameter."""
    labels: dict[str, str] = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} has no value; give KEY=VALUE, as in tier=gold.")
        try:
            validate_label("The label", key, value)
        except InvalidInput as error:
            raise click.BadParameter(error.message) from error
        if key in labels:
            raise click.BadParameter(f"{key} is given twice.")
        labels[key] = value
    return labels
