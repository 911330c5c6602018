"""The items of a Google Merchant feed in XML, read as it streams by.

A bare expat parser: a document type is refused, so no entity of its own can exist. Of an item only
the wanted fields are kept; their text alone passes through Python.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from django.utils.translation import gettext as _

from shop.feeds import base
from shop.feeds.base import UnreadableFeed

MAX_DEPTH = 64
MAX_NAMES = 1_000
CHUNK = 1 << 16


@dataclass(slots=True)
class Item:
    """One offer: its fields by name, each with the values it had."""

    line: int
    fields: dict[str, list[str]] = field(default_factory=dict)

    def get(self, *names: str) -> str:
        for name in names:
            for value in self.fields.get(name, ()):
                if value:
                    return value
        return ""


class _Reader:
    """Collects the items of a feed while expat walks through it."""

    def __init__(self, wanted: Container[str]) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.buffer_size = CHUNK
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.wanted = wanted
        self.names: dict[str, str] = {}  # local name of each tag that was seen
        self.found: list[Item] = []
        self.depth = 0
        self.item: Item | None = None
        self.inside = 0  # the depth of an item's fields
        self.field = ""  # the wanted one whose text is being read
        self.text: list[str] = []
        self.length = 0

    def doctype(self, *_arguments) -> None:
        message = _("Line %(line)d: a document type (DOCTYPE) is not allowed in a feed.")
        raise UnreadableFeed(message % {"line": self.parser.CurrentLineNumber})

    def local(self, name: str) -> str:
        found = self.names.get(name)
        if found is None:
            found = name.rpartition(" ")[2].lower()
            if len(self.names) < MAX_NAMES:
                self.names[name] = found
        return found

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth = depth = self.depth + 1
        if depth > MAX_DEPTH:
            raise UnreadableFeed(_("The XML is nested too deeply to be a feed."))
        if self.item is None:
            if self.local(name) in {"item", "entry"}:
                self.item = Item(self.parser.CurrentLineNumber)
                self.inside = depth + 1
        elif depth == self.inside:
            local = self.names.get(name) or self.local(name)
            if local in self.wanted:
                self.field, self.text, self.length = local, [], 0
                if local == "link" and "href" in attributes:
                    self.text.append(attributes["href"])
                self.parser.CharacterDataHandler = self.data
        elif self.field:  # what is inside of a field is none of its text
            self.parser.CharacterDataHandler = None

    def data(self, text: str) -> None:
        self.length += len(text)
        if self.length <= base.MAX_CELL:
            self.text.append(text)

    def end(self, _tag: str) -> None:
        self.depth = depth = self.depth - 1
        if self.item is None:
            return
        if depth >= self.inside:
            if self.field and depth == self.inside:
                self.parser.CharacterDataHandler = self.data
        elif depth == self.inside - 1:
            if self.field:
                text = self.text[0] if len(self.text) == 1 else "".join(self.text)
                self.item.fields.setdefault(self.field, []).append(base.clean(text))
                self.field, self.parser.CharacterDataHandler = "", None
        else:
            self.found.append(self.item)
            self.item = None


def items(path: Path, wanted: Container[str]) -> Iterator[Item]:
    """Yield the items of an RSS or Atom feed with their `wanted` fields. Raises UnreadableFeed."""
    reader = _Reader(wanted)
    count = 0
    with base.open_bytes(path) as stream:
        try:
            while chunk := stream.read(CHUNK):
                reader.parser.Parse(chunk, False)
                count += len(reader.found)
                yield from reader.found
                reader.found.clear()
            reader.parser.Parse(b"", True)
        except (expat.ExpatError, UnicodeError, LookupError, ValueError) as error:
            line = reader.parser.CurrentLineNumber
            message = _("Line %(line)d: this is no well-formed XML. Nothing was taken over.")
            raise UnreadableFeed(message % {"line": line}) from error
    if not count and not reader.found:
        raise UnreadableFeed(_("The file holds no items. A Merchant feed has <item> or <entry>."))
    yield from reader.found
