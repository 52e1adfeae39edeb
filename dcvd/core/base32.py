"""Base 32: eight digits for each five bytes."""

from typing import Final


class Base32:
    """One alphabet of 32 digits. Two digits are looked up at a time: several texts are written for each new domain."""

    def __init__(self, alphabet: str) -> None:
        self.alphabet: Final = alphabet
        self._pairs = [first + second for first in alphabet for second in alphabet]

    def write(self, data: bytes) -> str:
        """Write bytes, whose number is a multiple of five, so that none is left over."""
        pairs, number = self._pairs, int.from_bytes(data, "big")
        return "".join([pairs[number >> shift & 1023] for shift in range(8 * len(data) - 10, -1, -10)])

    def write_40_bits(self, number: int) -> str:
        """Write the 40 bits of a number as eight digits."""
        pairs = self._pairs
        return f"{pairs[number >> 30]}{pairs[number >> 20 & 1023]}{pairs[number >> 10 & 1023]}{pairs[number & 1023]}"

    def write_pair(self, number: int) -> str:
        """Write the ten bits of a number as two digits."""
        return self._pairs[number]


CROCKFORD: Final = Base32("0123456789abcdefghjkmnpqrstvwxyz")
"""Digits that sort as their values do, and none of which looks like another."""
RFC_4648: Final = Base32("abcdefghijklmnopqrstuvwxyz234567")
"""In lower case."""
