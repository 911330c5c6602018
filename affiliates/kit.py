"""What a creator and a brand have in hand when a platform goes: links, codes, pictures, words.

    of_creator(creator, gone) -> Kit     the links on it, and those of the same things elsewhere
    prepare(creator, gone, at) -> int    take the links that are missing on her other channels
    creator_files(kit), brand_files(brand, gone) -> files by name, for `archive`

Nothing is kept: a kit is what there is at the moment that somebody asks for it.
Source: docs/platform-loss.md.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import segno
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from affiliates import disclosure, linkcache, links, promises, switches
from affiliates.dashboards.query import rows_of
from affiliates.models import Link, LinkBlock, PlatformSwitch
from affiliates.models.links import PostedOn
from config.lib.sheets import safe_cell
from creators.models import Creator, Platform
from shop.models import Brand, Product

MOST = 500  # links in one file
CHECKED = 0  # the mask of a QR code that turns every other module over
HIT = """
    SELECT p.handle, p.display_name, coalesce(string_agg(DISTINCT h.platform, ' '), '')
    FROM creators_creator p
    LEFT JOIN creators_channel h ON h.creator_id = p.id AND h.verified_at IS NOT NULL
        AND h.disconnected_at IS NULL AND h.platform <> %(gone)s
    WHERE p.erased_at IS NULL AND EXISTS (
        SELECT 1 FROM affiliates_link k JOIN affiliates_collaboration o ON o.id = k.collaboration_id
        WHERE k.creator_id = p.id AND o.brand_id = %(brand)s AND k.is_active
          AND k.platform = %(gone)s)
    GROUP BY p.id ORDER BY p.id
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One link that would die, and the same thing's links on her other channels."""

    old: Link
    others: list[Link]

    @property
    def title(self) -> str:
        return self.old.product.title if self.old.product else self.old.collaboration.brand.name


@dataclass(frozen=True, slots=True)
class Kit:
    creator: Creator
    gone: str
    page: str  # the address that stays
    channels: list[str]  # her other platforms
    rows: list[Row] = field(default_factory=list)
    blocked: set[tuple[str, int, int | None]] = field(default_factory=set)  # platform and thing

    @property
    def ready(self) -> list[Link]:
        """The links that she can post at once."""
        return [link for row in self.rows for link in row.others]

    def broken(self, at: datetime) -> list[Link]:
        """Try what she would post: return the links of it that would earn her nothing now."""
        return [link for link in self.ready if not promises.is_live(link, at)]

    @property
    def lacking(self) -> list[tuple[str, Link]]:
        """A platform and a dying link, for every one that is missing there and that she may take."""
        return [
            (platform, row.old)
            for row in self.rows
            for platform in self.channels
            if platform not in {link.platform for link in row.others}
            and (platform, *thing(row.old)) not in self.blocked
        ]


def of_creator(creator: Creator, gone: str, at: datetime | None = None) -> Kit:
    """Return her kit, without channels that are off as well; 2 queries."""
    off = PlatformSwitch.objects.on(at or timezone.now()).filter(country__in=["", creator.country])
    others = creator.channels.verified().exclude(platform=gone)
    others = others.exclude(platform__in=off.order_by().values("platform"))
    channels = set(others.values_list("platform", flat=True))
    standing = LinkBlock.objects.standing().filter(link=OuterRef("pk"))
    found = (
        creator.links.filter(Q(is_active=True) | Q(Exists(standing)))
        .filter(collaboration__isnull=False, platform__in=[gone, *channels])
        .select_related("product__brand", "collaboration__brand")
        .order_by("-created_at", "-pk")
    )
    same: dict[tuple[int, int | None], list[Link]] = {}
    dying: list[Link] = []
    blocked: set[tuple[str, int, int | None]] = set()
    for link in found:
        link.creator = creator
        if not link.is_active:
            blocked.add((link.platform, *thing(link)))
        elif link.platform == gone:
            dying.append(link)
        else:
            same.setdefault(thing(link), []).append(link)
    return Kit(
        creator=creator, gone=gone, page=linkcache.absolute(creator.get_absolute_url()),
        channels=[name for name in Platform.values if name in channels],
        rows=[Row(link, same.get(thing(link), [])) for link in dying[:MOST]],
        blocked=blocked,
    )  # fmt: skip


def thing(link: Link) -> tuple[int, int | None]:
    """Return what a link leads to: brand, and product or the brand's shop (None)."""
    return link.collaboration.brand_id, link.product_id


def prepare(creator: Creator, gone: str, at: datetime) -> int:
    """Take what is missing on her other channels, as far as it is on offer; return how many.

    Copies for another platform cost a pilot nothing of her week. Raises what `links.take` does
    where she may take no link at all.
    """
    return len(take(creator, of_creator(creator, gone, at).lacking, at))


def take(creator: Creator, wanted: Iterable[tuple[str, Link]], at: datetime) -> list[Link]:
    """Take, for each platform and link, the same thing's link there; return those there are.

    What is not on offer any more, or not now, is left out; so is a platform that is off. Raises
    what `links.take` does where she may take no link at all.
    """
    by_platform: dict[str, tuple[list[Product], list[Brand]]] = {}
    off = switches.platforms_off(creator.country, at)
    for platform, old in wanted:
        if platform in off:
            continue
        products, brands = by_platform.setdefault(platform, ([], []))
        if old.product:
            products.append(old.product)
        else:
            brands.append(old.collaboration.brand)
    taken: list[Link] = []
    for platform, (products, brands) in by_platform.items():
        results = links.take_many(creator, products, platform, at)
        taken += [result for result in results.values() if isinstance(result, Link)]
        taken += filter(None, [_take_shop(creator, brand, platform, at) for brand in brands])
    return taken


def _take_shop(creator: Creator, brand: Brand, platform: str, at: datetime) -> Link | None:
    try:
        return links.take(creator, brand=brand, platform=platform, at=at)
    except (
        links.NoOffer,
        links.LinkBlocked,
        links.BrandShort,
        links.ShopUntested,
        links.QuotaReached,
    ):
        return None  # the rest of the kit is still of use


def creator_files(kit: Kit) -> dict[str, bytes]:
    """Return her kit as files: the links, a text, and a QR code of each address."""
    table: list[Sequence[object]] = [["product", "brand", "link that dies", "platform", "new link"]]
    posts = [post_text(kit.gone, kit.page)]
    files: dict[str, bytes] = {"qr/my-page.svg": qr(kit.page)}
    for row in kit.rows:
        brand, old = row.old.collaboration.brand.name, links.share_url(row.old)
        for link in row.others:
            url = links.share_url(link)
            table.append([row.title, brand, old, link.get_platform_display(), url])
            posts.append(disclosure.caption(kit.creator.country, row.title, url))
            files[f"qr/{link.platform}-{link.code}.svg"] = qr(url)
        if not row.others:
            table.append([row.title, brand, old, str(PostedOn.PAGE.label), kit.page])
    return {"links.csv": _csv(table), "posts.txt": _text(posts), **files}


def brand_files(brand: Brand, gone: str) -> dict[str, bytes]:
    """Return a brand's kit: a message, and its creators on the platform, each with her fixed address
    and the message with that address in it, as programs that mail many at once read it.
    """
    head = ["name", "handle", "fixed address", "other channels", "message"]
    table: list[Sequence[object]] = [head]
    for handle, name, others in rows_of(HIT, {"brand": brand.pk, "gone": gone}):
        page = linkcache.absolute(Creator(handle=handle).get_absolute_url())
        table.append([name, f"@{handle}", page, others, mail_text(brand.name, gone, page)])
    return {"message.txt": _text([mail_text(brand.name, gone)]), "creators.csv": _csv(table)}


def post_text(gone: str, page: str) -> str:
    """Return what a creator posts while the platform is still there."""
    return _(
        "In case %(platform)s goes away: everything that I recommend is on %(page)s, whatever"
        " happens here. Save it now. (Advertising: I earn when you buy there.)"
    ) % {"platform": Platform(gone).label, "page": page}


def mail_text(brand: str, gone: str, page: str = "") -> str:
    """Return what a brand writes to its creators; with `page` to one of them, whose page it is."""
    said = _(
        "Hello,\n\n%(platform)s may go away for a while. So that you go on earning with"
        " %(name)s:\n\n1. Connect a second channel under Channels, if you have none yet.\n"
        "2. Take our links for that channel too: under Platforms and risk you get them in one"
        " go, with a QR code each.\n3. Put our products on your own page. Its address never"
        " changes, and clicks there count as always.\n\nThank you for selling with us,\n%(name)s"
    ) % {"platform": Platform(gone).label, "name": brand}
    hers = _("Your page: %(url)s") % {"url": page}
    return f"{said}\n\n{hers}" if page else said


def qr(url: str) -> bytes:
    """Return the QR code of an address as SVG, without a size of its own.

    The mask is given: to weigh all eight takes four fifths of the time, of letters to 100,000 people
    more than all else, and every reader takes any.
    """
    picture = io.BytesIO()
    segno.make(url, error="m", mask=CHECKED).save(
        picture, kind="svg", border=4, omitsize=True, light="#fff"
    )
    return picture.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    """Return `files` as a ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return out.getvalue()


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _text(parts: Iterable[str]) -> bytes:
    return ("\n\n".join(parts) + "\n").encode()
