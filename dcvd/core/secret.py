"""A secret value that does not show itself."""

from hmac import compare_digest
from typing import Final

REDACTED: Final = "[redacted]"


class Secret:
    """Holds a secret text; `repr`, `str` and formatting give `[redacted]`, only `reveal()` gives the value.

    Compares by value in constant time; not hashable, so that it does not end up as a key or in a set.
    """

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]  # meant: a secret is no key

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The plain text; call it only where the secret leaves for its owner."""
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
