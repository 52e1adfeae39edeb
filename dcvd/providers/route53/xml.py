"""AWS's answers in XML: without document types, and so without entities of anybody's making."""

from collections.abc import Iterator
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate

_DEEPEST: Final = 24
_MOST_ELEMENTS: Final = 50_000


class BadXml(ValueError):
    """No XML that is taken; says nothing of the content, which may hold a credential."""


class Element:
    """An element by its local name; `text` is its own, without that of its children."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.text = ""
        self.children: list[Element] = []

    def all(self, *path: str) -> Iterator["Element"]:
        """All descendants at a path of tags."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.tag == path[0]:
                yield from child.all(*path[1:])

    def find(self, *path: str) -> "Element | None":
        """The first of them."""
        return next(self.all(*path), None)

    def text_of(self, *path: str) -> str:
        """The text of the first of them; empty where there is none."""
        found = self.find(*path)
        return "" if found is None else found.text.strip()


def parse(body: bytes) -> Element:
    """The root. The caller bounds the size; depth and number of elements are bounded here. Raises BadXml."""
    builder = _Builder()
    parser = ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = builder.refuse_document_type
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(body, True)
    except ExpatError as error:
        raise BadXml(f"XML is malformed (error {error.code})") from None
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self._top = Element("")
        self._open = [self._top]
        self._count = 0

    @property
    def root(self) -> Element:
        return self._top.children[0]

    def refuse_document_type(self, *_: object) -> None:
        raise BadXml("XML has a document type, which is not taken")

    def start(self, tag: str, _: object) -> None:
        self._count += 1
        if len(self._open) > _DEEPEST or self._count > _MOST_ELEMENTS:
            raise BadXml("XML is too deep, or has too many elements")
        element = Element(tag.rpartition(" ")[2])
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        self._open[-1].text += text
