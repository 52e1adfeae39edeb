"""Parse AWS's answers in XML, and refuse document types, which could define entities."""

from collections.abc import Iterator
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate

_MAX_DEPTH: Final = 24
_MAX_ELEMENTS: Final = 50_000


class BadXml(ValueError):
    """The XML is refused. The message quotes nothing of it, because it may hold a credential."""


class Element:
    """An element with its local name; `text` is its own text, without that of its children."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.text = ""
        self.children: list[Element] = []

    def find_all(self, *path: str) -> Iterator["Element"]:
        """Yield all descendants at a path of tags."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.tag == path[0]:
                yield from child.find_all(*path[1:])

    def find(self, *path: str) -> "Element | None":
        """Return the first descendant at a path of tags."""
        return next(self.find_all(*path), None)

    def find_text(self, *path: str) -> str:
        """Return the text of the first descendant at a path of tags; empty if there is none."""
        element = self.find(*path)
        return "" if element is None else element.text.strip()


def parse_xml(body: bytes) -> Element:
    """Return the root. Depth and number of elements are limited here, the size by the caller. Raises BadXml."""
    builder = _TreeBuilder()
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


class _TreeBuilder:
    def __init__(self) -> None:
        self._document = Element("")
        self._open_elements = [self._document]
        self._element_count = 0

    @property
    def root(self) -> Element:
        return self._document.children[0]

    def refuse_document_type(self, *_: object) -> None:
        raise BadXml("XML has a document type, which is not taken")

    def start(self, tag: str, _: object) -> None:
        self._element_count += 1
        if len(self._open_elements) > _MAX_DEPTH or self._element_count > _MAX_ELEMENTS:
            raise BadXml("XML is too deep, or has too many elements")
        element = Element(tag.rpartition(" ")[2])
        self._open_elements[-1].children.append(element)
        self._open_elements.append(element)

    def end(self, _: str) -> None:
        self._open_elements.pop()

    def data(self, text: str) -> None:
        self._open_elements[-1].text += text
