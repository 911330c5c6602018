"""Pictures of products: fetched from the addresses in feeds, or uploaded, and kept as our own.

A file is named after its content and never changes, so browsers and proxies may keep it for
ever. What is to fetch, and what went wrong, stands on the Image row; a task only rings the bell.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.lib import images, outbound
from config.lib.images import Encoded, NotAPicture
from shop.models import Feed, Image, Product
from shop.models.catalogue import LARGE_ENDING, SMALL_ENDING

FOLDER = "pictures"  # below MEDIA_ROOT, open to everybody
MAX_IMAGES = 20  # of one product
AT_ONCE = 4  # downloads side by side, in one process
CLAIM = 12  # rows taken at a time
LEASE = timedelta(minutes=5)  # a killed worker's pictures are asked for again after this
TIMEOUT_S = 15
WAITS = [timedelta(minutes=m) for m in (1, 10, 60, 6 * 60, 24 * 60)]  # before the next attempt
FINAL = {"svg", "pixels", "small", "large"}  # asking again would bring the same
ORPHAN_AGE_S = 24 * 3600
WHY = {
    "silent": _("the address does not answer, or is not open to us"),
    "answered": _("the address answers with an error"),
    "redirects": _("the address leads on and on"),
    "large": _("the file is larger than 10 MB"),
    "pixels": _("the picture has more than 40 million pixels"),
    "small": _("the picture is smaller than 16 pixels"),
    "svg": _("this is an SVG drawing: use JPEG, PNG or WebP"),
    "html": _("the address leads to a web page, not to a picture"),
    "unreadable": _("this is no JPEG, PNG, WebP or GIF picture, or it is damaged"),
}


class NotFetched(Exception):
    """An address gave no picture; its text is a code of WHY, with a status: `answered:404`."""


def why(problem: str) -> str:
    """Return in words why a picture is not there: `the address answers with an error (404)`."""
    code, _colon, detail = problem.partition(":")
    words = str(WHY.get(code, code))
    return f"{words} ({detail})" if detail else words


def fetch(at: datetime, seconds: float = 60) -> int:
    """Fetch pictures that are due by `at`, for about `seconds`; return how many came in.

    Any number of processes may do this at once, and each may be killed.
    """
    end, got = time.monotonic() + seconds, 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while time.monotonic() < end and (claimed := _claim(at)):
            found = pool.map(_result, [image.source_url for image in claimed])
            for image, result in zip(claimed, found, strict=True):
                got += _record(image, result, at)
    return got


@transaction.atomic
def _claim(at: datetime) -> list[Image]:
    """Take some pictures that are due: nobody else asks for them within the lease."""
    claimed = list(Image.objects.due(at).select_for_update(skip_locked=True, of=("self",))[:CLAIM])
    Image.objects.filter(pk__in=[image.pk for image in claimed]).update(next_try_at=at + LEASE)
    return claimed


def _result(url: str) -> Encoded | str:
    """Return the picture at `url`, or the code of what is wrong."""
    try:
        return images.encode(download(url))
    except (NotFetched, NotAPicture) as error:
        return str(error)


def download(url: str) -> bytes:
    """Return what lies at a foreign address. Raises NotFetched."""
    try:
        answer = outbound.follow(
            url,
            private_ok=of_a_test,
            headers={"Accept": "image/webp,image/jpeg,image/png,image/gif"},
            total_s=TIMEOUT_S,
            max_bytes=images.MAX_BYTES,
        )
    except outbound.TooManyRedirects as error:
        raise NotFetched("redirects") from error
    except outbound.TooLarge as error:
        raise NotFetched("large") from error
    except outbound.OutboundError as error:
        raise NotFetched("silent") from error
    if answer.status != 200:
        raise NotFetched(f"answered:{answer.status}")
    return answer.body


def of_a_test(url: str) -> bool:
    """Whether `url` is of the one origin on loopback that a test opened."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" == settings.PRIVATE_PICTURES_FROM


def _record(image: Image, result: Encoded | str, at: datetime) -> int:
    """Write down what an attempt brought, if the row still asks for that address."""
    rows = Image.objects.filter(pk=image.pk, source_url=image.source_url, file="")
    if isinstance(result, Encoded):
        return rows.update(**store(result), problem="", next_try_at=None)
    final = result in FINAL or image.attempts >= len(WAITS)
    rows.update(
        problem=result,
        attempts=image.attempts + 1,
        next_try_at=None if final else at + WAITS[image.attempts],
    )
    return 0


def store(picture: Encoded) -> dict[str, object]:
    """Keep both files under their content's name; return the fields of the Image row."""
    digest = hashlib.sha256(picture.large).hexdigest()[:40]
    name = f"{FOLDER}/{digest[:2]}/{digest}"
    _write(Path(settings.MEDIA_ROOT, name + SMALL_ENDING), picture.small)
    _write(Path(settings.MEDIA_ROOT, name + LARGE_ENDING), picture.large)
    return {"file": name + LARGE_ENDING, "width": picture.width, "height": picture.height}


def _write(path: Path, body: bytes) -> None:
    """Put a whole file there or none; one that is there already is made young again."""
    if path.exists():
        os.utime(path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
    Path(temporary).chmod(settings.FILE_UPLOAD_PERMISSIONS)
    Path(temporary).replace(path)


def add(product: Product, pictures: Iterable[Encoded]) -> int:
    """Put uploaded pictures behind those that a product has; return how many."""
    last = product.images.aggregate(last=Max("position"))["last"]
    start = 0 if last is None else last + 1
    rows = [
        Image(product=product, position=start + n, next_try_at=None, **store(picture))
        for n, picture in enumerate(pictures)
    ]
    return len(Image.objects.bulk_create(rows))


def of_feed(feed: Feed) -> QuerySet[Image]:
    """Return the pictures whose addresses a feed named, of products that it still has."""
    rows = Image.objects.filter(product__feed=feed).exclude(source_url="")
    return rows.exclude(product__status=Product.Status.ARCHIVED)


def counts(rows: QuerySet[Image]) -> dict[str, int]:
    """Return how many pictures are here, waiting to be fetched, and given up."""
    missing = Q(file="")
    return rows.aggregate(
        here=Count("id", ~missing),
        waiting=Count("id", missing & Q(next_try_at__isnull=False)),
        given_up=Count("id", missing & Q(next_try_at__isnull=True)),
    )


def retry(rows: QuerySet[Image], at: datetime) -> int:
    """Ask again for every picture that failed, as if for the first time; return how many."""
    return rows.failed().update(attempts=0, next_try_at=at)


def sweep(now_s: float) -> int:
    """Delete files of a day or older that no row names; return how many."""
    gone, limit = 0, now_s - ORPHAN_AGE_S
    for folder in sorted(Path(settings.MEDIA_ROOT, FOLDER).glob("??")):
        old = [path for path in folder.iterdir() if path.stat().st_mtime < limit]
        names = {f"{FOLDER}/{folder.name}/{_large(path)}" for path in old}
        used = set(Image.objects.filter(file__in=names).values_list("file", flat=True))
        for path in old:
            unused = f"{FOLDER}/{folder.name}/{_large(path)}" not in used
            if unused and path.stat().st_mtime < limit:  # not taken into use since we looked
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def _large(path: Path) -> str:
    """Return the name of the large file that `path` is or lies beside."""
    return path.name.replace(SMALL_ENDING, LARGE_ENDING)
