"""The command line of `dcvd`."""

from dcvd.cli.main import main

__all__ = ["main"]
