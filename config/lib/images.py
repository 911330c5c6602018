"""Pictures from strangers: decoded, turned upright, and made anew as WebP in two widths.

Nothing of the original file survives but its pixels: no metadata, no colour profile, no frames
after the first, no scripts (SVG is refused).
"""

import io
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_BYTES = 10_000_000
MAX_PIXELS = 40_000_000
MIN_SIDE = 16  # pixels; what is smaller is there to count visits
LARGE, SMALL = 1200, 480  # pixels of width; the height may be twice that
QUALITY = 82


class NotAPicture(Exception):
    """A file that cannot be shown; its text is a code: svg, html, pixels, small, unreadable."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One picture in two widths; width and height are those of the large one."""

    large: bytes
    small: bytes
    width: int
    height: int


def encode(raw: bytes) -> Encoded:
    """Return `raw` made anew. Raises NotAPicture.

    A picture that is narrower than a width keeps its own; transparent parts become white.
    """
    _refuse_text(raw)
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise NotAPicture("pixels")
            if min(opened.size) < MIN_SIDE:
                raise NotAPicture("small")
            opened.draft("RGB", (2 * LARGE, 4 * LARGE))  # a large JPEG is decoded smaller
            picture = _plain(opened)
    except NotAPicture:
        raise
    except Exception as error:  # decoders meet hostile bytes with errors of every kind
        raise NotAPicture("unreadable") from error
    large = _fitted(picture, LARGE)
    return Encoded(_webp(large), _webp(_fitted(large, SMALL)), large.width, large.height)


def _refuse_text(raw: bytes) -> None:
    start = raw[:1024].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if b"<svg" in start:
        raise NotAPicture("svg")
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<!--")):
        raise NotAPicture("html")


def _plain(opened: Image.Image) -> Image.Image:
    """Return the first frame upright, in sRGB, on white."""
    profile = opened.info.get("icc_profile")
    picture = ImageOps.exif_transpose(opened)
    if picture.mode in {"RGB", "CMYK"} and profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            picture = ImageCms.profileToProfile(
                picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError):
            picture = picture.convert("RGB")  # a broken profile: the plain numbers will do
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.new("RGB", layer.size, "white")
        picture.paste(layer, mask=layer.getchannel("A"))
    return picture.convert("RGB")


def _fitted(picture: Image.Image, width: int) -> Image.Image:
    fitted = picture.copy()
    fitted.thumbnail((width, 2 * width), Image.Resampling.LANCZOS)
    return fitted


def _webp(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.info.clear()  # profiles and EXIF would be written again from here
    picture.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()
