"""Temporary credentials of assumed roles."""


class AwsSessions:
    """Kept until shortly before they end."""
