"""Text that strangers wrote, made fit for people to read."""


def make_printable(text: str) -> str:
    """One line of the text's printable characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def shorten(text: str, length: int) -> str:
    """The text, or its beginning and an ellipsis, in at most `length` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
