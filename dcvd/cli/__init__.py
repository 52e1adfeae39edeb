"""The command line."""

from dcvd.cli.main import main

__all__ = ["main"]
