"""Pictures from strangers are made anew: their pixels come through, nothing else does."""

import io

import pytest
from PIL import Image, ImageCms

from config.lib import images
from config.lib.images import NotAPicture


def made(size=(640, 480), color="red", mode="RGB", kind="PNG", **how) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, kind, **how)
    return out.getvalue()


def opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_kind_becomes_webp_in_two_widths(kind):
    picture = images.encode(made((2000, 1000), kind=kind))

    assert (picture.width, picture.height) == (1200, 600)
    assert [(opened(b).format, opened(b).size) for b in (picture.large, picture.small)] == [
        ("WEBP", (1200, 600)),
        ("WEBP", (480, 240)),
    ]


def test_a_small_picture_is_not_blown_up_and_a_tall_one_is_bounded():
    assert images.encode(made((300, 200))).width == 300
    tall = images.encode(made((1000, 8000)))
    assert (tall.width, tall.height) == (300, 2400)


def test_what_a_camera_wrote_is_gone_and_the_picture_stands_upright():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8825] = 6, "A Camera", {1: "N", 2: (52, 4, 0)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    raw = made((800, 600), kind="JPEG", exif=exif, icc_profile=profile, comment=b"at home")

    picture = images.encode(raw)

    assert (picture.width, picture.height) == (600, 800)
    for body in (picture.large, picture.small):
        assert not opened(body).getexif() and not set(opened(body).info) & {"icc_profile", "xmp"}
        assert b"Camera" not in body and b"home" not in body


@pytest.mark.parametrize(("mode", "color"), [("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))])
def test_what_is_transparent_becomes_white(mode, color):
    pixel = opened(images.encode(made((40, 40), color, mode)).large).convert("RGB").getpixel((5, 5))

    assert min(pixel) > 250


def test_a_picture_for_print_keeps_its_colour():
    raw = made((40, 40), (0, 255, 255, 0), "CMYK", "JPEG")

    red, green, blue = opened(images.encode(raw).large).convert("RGB").getpixel((5, 5))
    assert red > 200 > 80 > max(green, blue)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', "svg"),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<svg viewBox="0 0 1 1"/>', "svg"),
        (b"<!DOCTYPE html><html><body>Sorry</body></html>", "html"),
        (b"\n <html>", "html"),
        (b"", "unreadable"),
        (b"GIF89a", "unreadable"),
        (b"%PDF-1.7 " + b"x" * 500, "unreadable"),
        (made()[:200], "unreadable"),
        (made(kind="TIFF"), "unreadable"),
        (made((1, 1)), "small"),
        (made((8000, 6000), 1, "1"), "pixels"),
    ],
)
def test_what_is_no_picture_is_named(raw, code):
    with pytest.raises(NotAPicture, match=f"^{code}$"):
        images.encode(raw)
