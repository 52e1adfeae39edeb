"""`python -m dcvd.cli.manual DIRECTORY`: writes the manual pages, such as DIRECTORY/man1/dcvd.1."""

import os
import sys
import time
from pathlib import Path

from dcvd.cli.main import commands
from dcvd.cli.manual.command_pages import render_command_pages
from dcvd.cli.manual.configuration_page import render_configuration_page
from dcvd.config.defaults import read_documented_defaults


def main(arguments: list[str]) -> int:
    """Write the pages; they are of today, or of $SOURCE_DATE_EPOCH, so that the same source gives the same bytes."""
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    date = time.strftime("%Y-%m-%d", time.gmtime(float(os.environ.get("SOURCE_DATE_EPOCH") or time.time())))
    pages = dict(render_command_pages(commands, date))
    pages["dcvd.toml.5"] = render_configuration_page(read_documented_defaults(), date)
    for name, text in pages.items():
        directory = Path(arguments[0]) / f"man{name[-1]}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
