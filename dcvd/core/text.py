"""Text that strangers wrote, made fit for people to read."""


def make_printable(text: str) -> str:
    """One line of the text's printable characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
