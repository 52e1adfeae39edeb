"""A secret value that does not show itself."""

from hmac import compare_digest
from typing import Final

REDACTED: Final = "[redacted]"


class Secret:
    """A secret text; `repr`, `str` and formatting give `[redacted]`, only `reveal()` gives the value.

    Secrets are compared by value in constant time. They are not hashable, so that none becomes a key of a dictionary.
    """

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]  # on purpose: a secret is no key

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the plain text; call this only where the secret is used or handed to its owner."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(self._value.encode(), other._value.encode())

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return REDACTED

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled: reveal it on purpose where it must travel")
