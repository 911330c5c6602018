"""The picture that a post shows of a creator's page: her name and the products that she chose.

Drawn with Pillow in our own colours, 1200 × 630, kept until something on it changes.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.core.files.storage import default_storage
from PIL import Image, ImageDraw, ImageFont, ImageOps

from affiliates.models import Link
from creators.models import Creator

logger = logging.getLogger(__name__)
WIDTH, HEIGHT = 1200, 630
KEPT_S = 30 * 24 * 3600
SHOWN = 3
VERSION, WEIGHT = 1, 650
# the same tokens as static/css/theme.css
FIELD, ON_FIELD, ON_FIELD_2, SUN, ON_SUN = "#0A3D2B", "#F2F8EF", "#BFD9CB", "#FFB81C", "#2B1D00"
TILES = [("#ECE5FC", "#4A2C8F"), ("#FFEFC7", "#664200"), ("#DDECFA", "#0F4677")]


@dataclass(frozen=True, slots=True)
class Tile:
    """One product: its title, and where its picture lies, if it has one."""

    title: str
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """All that the picture says."""

    name: str
    handle: str
    word: str  # of advertising
    tiles: tuple[Tile, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr((VERSION, self)).encode()).hexdigest()[:32]


def card_of(creator: Creator, shelf: Sequence[Link], word: str) -> Card:
    """Return what the picture of her page says, from the first products on her shelf."""
    tiles = []
    for link in shelf[:SHOWN]:
        picture = next((one for one in link.product.images.all() if one.file), None)
        tiles.append(Tile(link.product.title, picture.file.name if picture else ""))
    return Card(creator.display_name, creator.handle, word, tuple(tiles))


def png(card: Card) -> bytes:
    """Return the picture, drawn once for the same words and products."""
    key = f"share:{card.digest}"
    known = cache.get(key)
    if known is None:
        known = draw(card)
        cache.set(key, known, KEPT_S)
    return known


def draw(card: Card) -> bytes:
    whole = Image.new("RGB", (WIDTH, HEIGHT), FIELD)
    pen = ImageDraw.Draw(whole)
    label = _font(26)
    wide = int(pen.textlength(card.word, label)) + 40
    pen.rounded_rectangle((60, 56, 60 + wide, 104), 24, fill=SUN)
    pen.text((80, 80), card.word, ON_SUN, label, anchor="lm")
    pen.text((WIDTH - 60, 80), "Thousand", ON_FIELD_2, _font(30), anchor="rm")
    name_font = _font(68)
    pen.text((60, 168), _fitted(pen, card.name, name_font, WIDTH - 120), ON_FIELD, name_font,
             anchor="lm")  # fmt: skip
    pen.text((60, 232), f"@{card.handle}", ON_FIELD_2, _font(34), anchor="lm")
    for n, tile in enumerate(card.tiles):
        left = 60 + n * 372
        _tile(whole, pen, tile, (left, 284, left + 336, 570), TILES[n])
    out = BytesIO()
    whole.save(out, "PNG", optimize=True)
    return out.getvalue()


def _tile(
    whole: Image.Image, pen: ImageDraw.ImageDraw, tile: Tile, box: tuple[int, int, int, int],
    colours: tuple[str, str],
) -> None:  # fmt: skip
    left, top, right, bottom = box
    soft, ink = colours
    pen.rounded_rectangle(box, 24, fill=soft)
    picture = _picture(tile.picture, (right - left, bottom - top - 66)) if tile.picture else None
    if picture is not None:
        mask = Image.new("L", picture.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, picture.width, picture.height + 24), 24, 255)
        whole.paste(picture, (left, top), mask)
    else:
        initial = tile.title.strip()[:1].upper()
        pen.text(((left + right) // 2, (top + bottom - 66) // 2), initial, ink, _font(120), "mm")
    font = _font(26)
    text = _fitted(pen, tile.title, font, right - left - 40)
    pen.text((left + 20, bottom - 33), text, ink, font, anchor="lm")


def _picture(name: str, size: tuple[int, int]) -> Image.Image | None:
    """Return a product's picture cut to size; one that is gone is drawn as its letter."""
    try:
        with default_storage.open(name) as file, Image.open(file) as opened:
            return ImageOps.fit(opened.convert("RGB"), size, Image.Resampling.LANCZOS)
    except OSError as gone:
        logger.warning("the picture %s is not drawn: %s", name, gone)
        return None


def _fitted(pen: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Return as much of `text` as is `width` pixels wide."""
    if pen.textlength(text, font) <= width:
        return text
    while text and pen.textlength(text + "…", font) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return the site's font where it is there and can be read, else the one within Pillow."""
    found = finders.find("fonts/figtree-latin-wght-normal.woff2")
    if not found:
        return ImageFont.load_default(size)
    try:
        font = ImageFont.truetype(found, size)
        font.set_variation_by_axes([WEIGHT])
    except OSError as unread:  # a FreeType without brotli
        logger.warning("%s is not read: %s", found, unread)
        return ImageFont.load_default(size)
    return font
