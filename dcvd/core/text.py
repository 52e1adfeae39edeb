"""Text that strangers wrote, prepared for display."""


def make_printable(text: str) -> str:
    """Return the printable characters of a text in one line."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def shorten(text: str, length: int) -> str:
    """Return the text, or its beginning and an ellipsis, in at most `length` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
