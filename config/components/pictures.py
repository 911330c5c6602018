"""A product's picture as an image element: its own photo in two widths, else our drawing."""

from typing import Any

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from config import art
from config.lib.images import SMALL

SIZES = {  # how wide the picture is drawn, for the browser's choice between our two widths
    "card": "(max-width: 719px) 50vw, (max-width: 1199px) 33vw, 384px",
    "page": "(max-width: 959px) 100vw, 620px",
}


def first_picture(product: Any) -> Any:
    """Return the first picture of ours among those that were prefetched, or None."""
    prefetched = getattr(product, "_prefetched_objects_cache", {}).get("images")
    return next((image for image in prefetched or () if image.file), None)


def drawing(product: Any) -> str:
    """Return the address of the drawing that stands for a product without a photo."""
    category = getattr(product, "category", None)
    return static(art.name(getattr(category, "art", ""), product.pk or 0))


def product_art(product: Any) -> str:
    """Return the address of a product's small picture.

    Reads `product.category` and, when prefetched, `product.images`: list pages select
    and prefetch both.
    """
    image = first_picture(product)
    return image.small_url if image else drawing(product)


def picture(
    product: Any,
    size: str = "card",
    image: Any = None,
    alt: str = "",
    lazy: bool = True,
    cls: str = "",
    name: str = "",
) -> SafeString:
    """Return the `<img>` of `image`, else of the product's first picture, else our drawing.

    `size` is card, page, or a number of pixels for a square thumb; `name` becomes its id.
    """
    image = image or first_picture(product)
    about = [format_html(' class="{}"', cls)] if cls else []
    about += [format_html(' id="{}"', name)] if name else []
    about += [mark_safe(' loading="lazy"')] if lazy else []
    if isinstance(size, int):
        src, width, height = (image.small_url if image else drawing(product)), size, size
    elif image:
        src, width, height = image.small_url, image.width, image.height
        if width > SMALL:
            source = f"{image.small_url} {SMALL}w, {image.large_url} {width}w"
            about.append(format_html(' srcset="{}" sizes="{}"', source, SIZES[size]))
    else:
        src, width, height = drawing(product), 400, 400
    return format_html(
        '<img src="{}" alt="{}" width="{}" height="{}"{}>',
        src, alt, width, height, SafeString("".join(about)),
    )  # fmt: skip
