"""Translation catalogues without system gettext: extract, compile, and say what is missing.

The strings of Python files and templates are collected into locale/nl/LC_MESSAGES/django.po;
English is the source. Django reads the compiled .mo, which is made at set-up and not kept
in the repository.
"""

import os
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

from config import borrowed, modelwords

KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd%]|\{\w*\}|</?[a-z][^>]*>")
AMOUNT = re.compile("€(?!\N{NO-BREAK SPACE})[ \\d]")
PACKAGES = ("config", "creators", "shop", "affiliates")


def po_path(language: str) -> Path:
    return Path(settings.BASE_DIR) / "locale" / language / "LC_MESSAGES" / "django.po"


def _sources() -> Iterator[tuple[Path, bytes]]:
    """Yield each file that may hold strings, templates turned into Python-like text."""
    base = Path(settings.BASE_DIR)
    for package in PACKAGES:
        for path in sorted((base / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, path.read_bytes()
    for path in sorted((base / "templates").rglob("*")):
        if path.suffix in {".html", ".txt"}:
            text = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            # Only the calls matter; the blanked-out rest must not look indented.
            yield path, b"\n".join(line.lstrip() for line in text.encode().splitlines())


def extract() -> Catalog:
    """Collect every marked string of the project into a fresh catalogue."""
    base = Path(settings.BASE_DIR)
    found = Catalog(charset="utf-8", fuzzy=False)
    for path, text in _sources():
        for _line, function, message, _comments in extract_python(
            BytesIO(text), KEYWORDS, [], {"encoding": "utf-8"}
        ):
            key, context = _key(function, message)
            if key and (key if isinstance(key, str) else key[0]):
                found.add(key, context=context, locations=[(str(path.relative_to(base)), None)])
    for text, models in modelwords.words().items():
        found.add(text, locations=[(model, None) for model in sorted(models)])
    for sentence in borrowed.SENTENCES:
        found.add(sentence, locations=[("django", None)])
    return found


def _key(function: str, message) -> tuple[str | tuple[str, str] | None, str | None]:
    """Turn an extracted call into Babel's (id or (singular, plural), context)."""
    parts = message if isinstance(message, tuple) else (message,)
    context = None
    if function and "pgettext" in function:
        context, parts = parts[0], parts[1:]
    if (function and function.lstrip("p").startswith("ngettext")) or function == "npgettext":
        parts = parts[:2]
        return (parts if all(parts) else None), context
    return parts[0], context


def read(language: str) -> Catalog:
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language, charset="utf-8")


def update(language: str) -> Catalog:
    """Bring the .po of `language` up to date with the sources; keep what is translated."""
    old, fresh = read(language), extract()
    merged = Catalog(locale=language, charset="utf-8", fuzzy=False, project="Thousand")
    for message in sorted(fresh, key=lambda m: (str(m.id), m.context or "")):
        if not message.id:
            continue
        known = old.get(message.id, message.context)
        files = sorted({name for name, _line in message.locations})
        merged.add(
            message.id,
            string=known.string if known else "",
            context=message.context,
            locations=[(name, None) for name in files],
            flags={"python-brace-format"} & message.flags,
        )
    write(merged, language)
    return merged


def write(catalog: Catalog, language: str) -> None:
    path = po_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    write_po(buffer, catalog, width=100, omit_header=False, include_lineno=False, no_location=True)
    stable = b"\n".join(
        line
        for line in buffer.getvalue().split(b"\n")
        if not line.startswith((b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By'))
    )
    path.write_bytes(stable)


def missing(catalog: Catalog) -> list[Message]:
    """Return the messages that `catalog` does not translate, or only guesses at (fuzzy)."""
    return [m for m in catalog if m.id and (m.fuzzy or not all(_forms(m.string)))]


def lacking(catalog: Catalog) -> list[str | tuple[str, ...]]:
    """Return the sources' strings that `catalog` does not translate, also those it never saw."""
    known = {(m.id, m.context) for m in catalog} - {(m.id, m.context) for m in missing(catalog)}
    return [m.id for m in extract() if m.id and (m.id, m.context) not in known]


def flaws(catalog: Catalog) -> list[str]:
    """Return what is wrong with translations that are there, one line each.

    A translation keeps the placeholders and tags of its source, no more and no fewer; a
    singular may leave out the number. An amount stands behind its sign with a no-break space.
    """
    found = []
    for message in catalog:
        sources = [sorted(PLACEHOLDER.findall(text)) for text in _forms(message.id)]
        for text in _forms(message.string) if message.id else ():
            if text and sorted(PLACEHOLDER.findall(text)) not in sources:
                found.append(f"other placeholders: {text!r}")
            if AMOUNT.search(text):
                found.append(f"no no-break space behind the euro: {text!r}")
            if text != text.strip() and _forms(message.id)[0] == _forms(message.id)[0].strip():
                found.append(f"spaces around: {text!r}")
    return found


def _forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Return the singular and plural of `text`, or `text` alone."""
    return (text,) if isinstance(text, str) else tuple(text)


def compile_stale() -> list[Path]:
    """Write every .mo that is older than its .po; return those written."""
    written = []
    for po in sorted((Path(settings.BASE_DIR) / "locale").glob("*/LC_MESSAGES/*.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        with po.open("rb") as file:
            catalog = read_po(file, locale=po.parts[-3], charset="utf-8")
        partial = mo.with_suffix(f".mo.{os.getpid()}")  # several processes may be at it
        with partial.open("wb") as out:
            write_mo(out, catalog)
        partial.replace(mo)
        written.append(mo)
    return written
