"""What is said of an organization that does not exist."""

from collections.abc import Iterable

from dcvd.core.near_names import suggest


def describe_unknown_organization(id_or_name: str, known_names: Iterable[str]) -> str:
    """Say that there is no such organization, and which one is meant, or which command shows all."""
    meant = suggest(id_or_name, known_names)
    if meant:
        return f"There is no organization {id_or_name!r}.{meant}"
    return f"There is no organization {id_or_name!r}; `dcvd org list` shows those that exist."
