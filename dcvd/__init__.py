"""dcvd: registers customers' hostnames, tells them what to do, follows their certificates."""

__version__ = "0.1.0"
