"""Numbers with what they count, in English."""


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun, such as `1 job` and `2 jobs`; `plural`: where it is not the noun with an s."""
    return f"{number:,} {choose(number, noun, plural or f'{noun}s')}"


def choose(number: int, one: str, many: str) -> str:
    """Choose the form that goes with a number."""
    return one if number == 1 else many
