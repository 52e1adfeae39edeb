"""Organizations: operators create, list and change them, and set how much each may have."""

from dcvd.services.organizations.registry import change, create, find, list_all, read_names, require

__all__ = ["change", "create", "find", "list_all", "read_names", "require"]
