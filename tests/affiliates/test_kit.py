"""The kit: what is in it exists, works, and is credited."""

import csv
import io
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from affiliates import drill, kit, linkblocks, links
from affiliates.models import Link
from creators.models import Creator
from shop.models import Membership
from tests.affiliates.factories import make_brand, make_collaboration, make_user, make_variant
from tests.affiliates.test_drill import on
from tests.creators.factories import make_creator as make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def creator() -> Creator:
    """On the platform that goes and on two more; she has a link of a product and one of a shop."""
    creator = make_member(followers=6_000, user=make_user())
    creator.channels.update(platform="tiktok")
    on(creator, "youtube", "facebook")
    now = timezone.now()
    links.accept_terms(creator.user, now)
    brand = make_brand()
    make_collaboration(brand, starts_at=now - timedelta(days=30))
    product = make_variant(brand).product
    links.take(creator, product=product, platform="tiktok", at=now)
    links.take(creator, product=product, platform="youtube", at=now)
    links.take(creator, brand=brand, platform="tiktok", at=now)
    return creator


def opened(response) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(response.content)) as found:
        return {name: found.read(name).decode("utf-8-sig") for name in found.namelist()}


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))[1:]


def test_what_is_missing_is_taken_and_nothing_twice(creator):
    now = timezone.now()
    before = kit.of_creator(creator, "tiktok")
    assert (before.channels, len(before.ready), len(before.lacking)) == (
        ["youtube", "facebook"],
        1,
        3,
    )

    assert [kit.prepare(creator, "tiktok", now), kit.prepare(creator, "tiktok", now)] == [3, 0]

    after = kit.of_creator(creator, "tiktok")
    assert (len(after.ready), after.lacking, after.broken(now)) == (4, [], [])
    old = after.rows[-1].old
    old.product.status = "archived"
    old.product.save()
    over = kit.of_creator(creator, "tiktok").broken(now)
    assert {(link.product, link.platform) for link in over} == {
        (old.product, "youtube"), (old.product, "facebook")
    }  # fmt: skip
    found = drill.run(drill.Asked("tiktok", creator=creator), now)
    assert found.links == {"link": 2, "channel": 0, "page": 0}


def test_a_link_that_we_switched_off_is_not_said_to_be_missing(creator):
    link = creator.links.get(platform="youtube")
    before = len(kit.of_creator(creator, "tiktok").lacking)
    linkblocks.block(link, "It stands in a paid advertisement.", make_user(), timezone.now())
    after = kit.of_creator(creator, "tiktok")

    assert (len(after.ready), len(after.lacking)) == (0, before)
    kit.prepare(creator, "tiktok", timezone.now())
    assert kit.of_creator(creator, "tiktok").lacking == []


def test_every_link_in_the_kit_works(client, creator):
    client.force_login(creator.user)
    client.post(reverse("affiliates:creator_kit_prepare", args=["tiktok"]))

    files = opened(client.get(reverse("affiliates:creator_kit", args=["tiktok"])))

    rows = table(files["links.csv"])
    assert len(rows) == 4
    codes = [row[4].rpartition("/go/")[2] for row in rows]
    assert all(links.resolve(code, timezone.now()).is_live for code in codes)
    assert {f"qr/{one.platform}-{one.code}.svg" for one in Link.objects.filter(code__in=codes)} == {
        name for name in files if name.startswith("qr/") and name != "qr/my-page.svg"
    }
    assert all(code in files["posts.txt"] for code in codes)
    assert creator.get_absolute_url() in files["posts.txt"]


def test_without_another_channel_her_page_is_what_stays(client, creator):
    creator.channels.exclude(platform="tiktok").delete()
    client.force_login(creator.user)

    rows = table(
        opened(client.get(reverse("affiliates:creator_kit", args=["tiktok"])))["links.csv"]
    )

    assert len(rows) == 2
    assert all(row[4].endswith(creator.get_absolute_url()) for row in rows)
    page = client.get(reverse("affiliates:creator_risk"), {"gone": "tiktok"}).content.decode()
    assert "your page is what stays" in page


def test_a_brand_gets_a_message_and_its_creators_with_their_fixed_address(client, creator):
    brand = Link.objects.filter(creator=creator).first().collaboration.brand
    client.force_login(Membership.objects.create(user=make_user(), brand=brand).user)

    files = opened(client.get(reverse("affiliates:brand_kit", args=[brand.slug, "tiktok"])))

    (row,) = table(files["creators.csv"])
    page = kit.of_creator(creator, "tiktok").page
    assert row[1:4] == [f"'@{creator.handle}", page, "facebook youtube"]
    assert brand.name in row[4] and page in row[4]
    assert brand.name in files["message.txt"]
    other = opened(client.get(reverse("affiliates:brand_kit", args=[brand.slug, "instagram"])))
    assert table(other["creators.csv"]) == []


def test_no_such_platform(client, creator):
    client.force_login(creator.user)
    assert client.get(reverse("affiliates:creator_kit", args=["nowhere"])).status_code == 404


def test_who_may_take_no_links_is_told(client, creator):
    Creator.objects.filter(pk=creator.pk).update(status="declined")
    client.force_login(creator.user)

    page = client.post(reverse("affiliates:creator_kit_prepare", args=["tiktok"]), follow=True)

    assert "You can take no links now." in page.content.decode()
