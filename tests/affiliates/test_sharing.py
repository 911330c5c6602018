"""What a link carries away: UTM of its row, the picture of a page, the words of advertising."""

from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from affiliates import disclosure, linkreports, links, shareimages, shelf
from affiliates.models.links import PostedOn
from shop import integrations
from shop.models import Image as Picture
from shop.models import Product
from tests.affiliates.test_links import enrolled, offered
from tests.affiliates.test_redirect import PERSON, call

# ------------------------------------------------------------------ UTM


def elsewhere(url) -> Product:
    return Product(sells_at="own_shop", own_shop_url=url)


def test_utm_goes_to_the_brands_own_shop_only():
    creator = shelf.Creator(handle="noor")
    url = links.destination_of(
        elsewhere("https://mill.example/jar?utm_source=old&size=2#top"), creator, "tiktok"
    )
    assert url == (
        "https://mill.example/jar?size=2&utm_source=thousand&utm_medium=affiliate"
        "&utm_campaign=noor&utm_content=tiktok&thousand={click}#top"
    )


@pytest.mark.django_db
def test_utm_is_the_rows_and_never_the_requests(client):
    product = offered()
    here = links.take(enrolled(), product, at=timezone.now())
    assert "utm_" not in here.destination
    product.sells_at, product.own_shop_url = "own_shop", "https://mill.example/jar"
    product.save()
    shop = integrations.connect(
        product.brand, "api", "mill.example", days=4, at=timezone.now()
    )  # fmt: skip
    integrations.turn_green(shop, timezone.now())
    link = links.take(enrolled(), product, platform="youtube", at=timezone.now())
    told = "utm_source=evil&utm_content=x&target=//evil"
    answer = client.get(f"/go/{link.code}?{told}", headers={"User-Agent": PERSON})
    _status, fields = call(link.code, QUERY_STRING=told)  # from Redis now
    for where in (answer["Location"], fields["Location"]):
        query = parse_qs(urlsplit(where).query)
        assert query.pop("thousand")[0]
        assert query == {
            "utm_source": ["thousand"], "utm_medium": ["affiliate"],
            "utm_campaign": [link.creator.handle], "utm_content": ["youtube"],
        }  # fmt: skip


# ------------------------------------------------------------------ words of advertising


def test_every_country_has_its_source_and_every_platform_its_switch():
    assert {"NL", "BE", "DE", "FR", "GB", "US"} <= set(disclosure.RULES)
    for row in [disclosure.EVERYWHERE, *disclosure.RULES.values()]:
        assert row.source
        assert row.language in disclosure.SENTENCES
        assert row.url.startswith("https://") or not row.url
    assert set(disclosure.SWITCHES) == set(PostedOn.values) - {"page"}
    assert all(one.name and one.source for one in disclosure.SWITCHES.values())


@pytest.mark.parametrize(
    ("country", "language", "word"),
    [
        ("NL", "nl", "Reclame"), ("NL", "en", "Ad"), ("DE", "de", "Werbung"), ("DE", "en", "Ad"),
        ("FR", "es", "Publicité"), ("GB", "en-gb", "Ad"), ("XX", "es", "Ad"),
    ],
)  # fmt: skip
def test_the_shopper_reads_the_word_in_her_language(country, language, word):
    assert disclosure.word(country, language) == word


@given(st.sampled_from(["NL", "BE", "DE", "FR", "GB", "US", "ES"]), st.text(max_size=80))
def test_a_caption_begins_with_the_word(country, title):
    caption = disclosure.caption(country, title, "https://t.example/go/abc")
    row = disclosure.rule(country)
    assert caption.startswith(row.word)
    assert caption.endswith(row.tag)
    assert "https://t.example/go/abc" in caption


@pytest.mark.django_db
def test_the_links_page_has_the_words_and_names_the_switch(client):
    link = links.take(enrolled(), offered(), platform="youtube", at=timezone.now())
    client.force_login(link.creator.user)
    page = client.get("/creator/links/").content.decode()
    assert "Reclame: ik krijg commissie als je dit via mijn link koopt." in page
    assert "My video contains paid promotion" in page
    assert linkreports.report(link).caption.count(link.code) == 1


# ------------------------------------------------------------------ the picture of a page


def opened(raw) -> Image.Image:
    picture = Image.open(BytesIO(raw))
    picture.load()
    return picture


@pytest.mark.parametrize("name", ["Noor", "N" * 90, "Zoë Ångström 漢字 🎉", ""])
def test_any_name_fits(name):
    tiles = tuple(
        shareimages.Tile("A title that is far too long to fit on a tile " * k) for k in (0, 1, 2)
    )
    picture = opened(shareimages.draw(shareimages.Card(name, "noor", "Reclame", tiles)))
    assert (picture.format, picture.size) == ("PNG", (1200, 630))


@pytest.mark.django_db
class TestPicture:
    def test_her_page_names_a_picture_with_her_products(self, client):
        creator, product = enrolled(), offered()
        red = BytesIO()
        Image.new("RGB", (400, 400), "#ff0000").save(red, "WEBP")
        picture = Picture(product=product, width=400, height=400)
        picture.file.save("red.webp", ContentFile(red.getvalue()))
        shelf.put(creator, product, timezone.now())
        page = client.get(f"/@{creator.handle}/").content.decode()
        path = f"/@{creator.handle}/share.png"
        assert path in page.partition('property="og:image" content="http')[2][:120]

        answer = client.get(path)

        assert (answer["Content-Type"], answer["Cache-Control"]) == (
            "image/png", "public, max-age=3600"
        )  # fmt: skip
        red_at = opened(answer.content).getpixel((200, 380))
        assert red_at[0] > 200 > 60 > red_at[1]
        again = client.get(path, headers={"If-None-Match": answer["ETag"]})
        assert (again.status_code, again.content) == (304, b"")

    def test_it_is_drawn_again_when_her_page_changes(self, client):
        creator = enrolled()
        path = f"/@{creator.handle}/share.png"
        before = client.get(path)["ETag"]
        shelf.put(creator, offered(), timezone.now())
        assert client.get(path)["ETag"] != before

    def test_a_picture_that_is_gone_is_drawn_as_a_letter(self, client):
        creator, product = enrolled(), offered()
        Picture.objects.create(product=product, file="pictures/gone.webp", width=9, height=9)
        shelf.put(creator, product, timezone.now())
        assert client.get(f"/@{creator.handle}/share.png").status_code == 200

    def test_a_product_page_names_its_picture(self, client):
        product = offered()
        page = client.get(product.get_absolute_url()).content.decode()
        assert 'property="og:title"' in page
        assert "og:image" not in page
        Picture.objects.create(product=product, file="pictures/jar.webp", width=9, height=9)
        page = client.get(product.get_absolute_url()).content.decode()
        assert "/media/pictures/jar.webp" in page.partition('property="og:image"')[2][:120]
