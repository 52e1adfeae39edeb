"""Organizations: operators create and list them, and set how much each may have."""

from dcvd.services.organizations.registry import create, find, list_all

__all__ = ["create", "find", "list_all"]
