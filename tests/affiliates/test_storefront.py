"""A creator's own page: one link in the bio, and every card goes through her link."""

import pytest
from django.utils import timezone

from affiliates import clickids, links, pagelinks, referral, shelf
from creators.models import DirectoryEntry
from shop.models import Category, Product
from tests.affiliates import factories as money
from tests.creators.factories import make_creator, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def creator(client):
    creator = make_creator(handle="noor", followers=1_240, user=make_user())
    links.accept_terms(creator.user, timezone.now())
    return creator


def put(creator, title="Sourdough jar", **brand):
    shop = money.make_brand(**brand)
    money.make_collaboration(shop)
    product = money.make_variant(shop).product
    product.title, product.in_stock = title, True
    product.save()
    return shelf.put(creator, product, timezone.now())


def test_every_card_leads_through_her_own_link(client, creator):
    link = put(creator)

    text = client.get("/@noor/").content.decode()

    assert "Sourdough jar" in text
    assert f'href="/go/{link.code}"' in text
    assert "Ad" in text
    assert link.product.get_absolute_url() not in text


def test_the_page_shows_no_amount_unless_the_brand_lets_it(client, creator):
    link = put(creator)
    assert "€3.42" not in client.get("/@noor/").content.decode()

    link.collaboration.show_amount = True
    link.collaboration.save()
    assert "€3.42" in client.get("/@noor/").content.decode()


@pytest.mark.parametrize("rows", [1, 3, 9])
def test_the_page_takes_the_same_few_queries(client, creator, rows, django_assert_max_num_queries):
    for n in range(rows):
        put(creator, title=f"Thing {n}")

    with django_assert_max_num_queries(6):
        assert client.get("/@noor/").status_code == 200


def test_she_orders_and_empties_her_shelf(client, creator):
    first, second = put(creator, "First"), put(creator, "Second")
    client.force_login(creator.user)

    client.post("/creator/storefront/", {"do": "up", "id": second.pk})
    assert [link.pk for link in shelf.shelf(creator)] == [second.pk, first.pk]

    client.post("/creator/storefront/", {"do": "off", "id": second.pk})
    assert [link.pk for link in shelf.shelf(creator)] == [first.pk]
    assert client.get("/creator/storefront/").status_code == 200


def test_a_suspended_or_unknown_creator_has_no_page(client):
    assert client.get("/@nobody/").status_code == 404


def test_putting_products_on_the_page_costs_no_pilot_quota(creator):
    before = links.quota(creator, timezone.now()).left

    for n in range(7):
        put(creator, f"Thing {n}")

    assert links.quota(creator, timezone.now()).left == before


def test_her_one_address_is_on_three_pages_with_its_code(client, creator):
    client.force_login(creator.user)
    for page in ("/creator/", "/creator/links/", "/creator/storefront/"):
        text = client.get(page).content.decode()
        assert 'data-copy="http://localhost' in text
        assert '/@noor/"' in text
        assert "/creator/storefront/qr/" in text

    assert client.get("/creator/storefront/qr/").status_code == 200
    for kind, start in (("svg", b"<?xml"), ("png", bytes([137]) + b"PNG")):
        assert client.get(f"/creator/storefront/qr.{kind}").content.startswith(start)
    assert client.get("/creator/storefront/qr.exe").status_code == 404


def test_cards_are_numbered_as_she_ordered_them(client, creator):
    put(creator, "First")
    put(creator, "Second")

    text = client.get("/@noor/").content.decode()

    assert text.index("No. 1") < text.index("First") < text.index("No. 2") < text.index("Second")


def add(client, label, url):
    return client.post("/creator/storefront/links/", {"do": "add", "label": label, "url": url})


def test_up_to_ten_other_links_stand_on_her_page(client, creator):
    client.force_login(creator.user)
    for n in range(10):
        assert add(client, f"Link {n}", f"https://pages.example/{n}").status_code == 302
    eleventh = add(client, "One more", "https://pages.example/more")

    assert eleventh.status_code == 422
    assert "ten already" in eleventh.content.decode()
    assert creator.page_links.count() == 10
    text = client.get("/@noor/").content.decode()
    assert 'href="https://pages.example/0" rel="nofollow ugc noopener"' in text


def test_she_orders_and_removes_other_links(client, creator):
    one, two, three = (pagelinks.add(creator, label, "https://a.example/") for label in "abc")
    client.force_login(creator.user)

    client.post("/creator/storefront/links/", {"do": "up", "id": three.pk})
    client.post("/creator/storefront/links/", {"do": "remove", "id": one.pk})

    assert [(row.pk, row.position) for row in pagelinks.of(creator)] == [(three.pk, 1), (two.pk, 2)]


@pytest.mark.parametrize(
    "url",
    [
        "http://pages.example/", "javascript:alert(1)", "https://", "https://127.0.0.1/",
        "https://localhost/", "https://a@pages.example/", "https://pages.example/a b", "//evil",
        "data:text/html,x", "https://[::1", "https://" + "a" * 600 + ".example",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_told_at_its_field(client, creator, url):
    client.force_login(creator.user)

    answer = add(client, "Mine", url)

    assert answer.status_code == 422
    assert "url" in answer.context["form"].errors
    assert 'value="Mine"' in answer.content.decode()
    assert not creator.page_links.exists()


def test_an_address_without_a_scheme_is_taken_for_https(client, creator):
    client.force_login(creator.user)
    add(client, "Mine", "pages.example/noor")
    assert creator.page_links.get().url == "https://pages.example/noor"


def test_anothers_links_stay_as_they_are(client, creator):
    row = pagelinks.add(creator, "Mine", "https://pages.example/")
    client.force_login(make_creator(handle="sam", followers=2_000, user=make_user()).user)

    client.post("/creator/storefront/links/", {"do": "remove", "id": row.pk})

    assert pagelinks.of(creator) == [row]


def test_her_shelf_can_be_narrowed_to_one_kind(client, creator):
    bread, lamp = put(creator, "Loaf"), put(creator, "Lamp")
    for link, slug in ((bread, "bread"), (lamp, "lighting")):
        link.product.category = Category.objects.get(slug=slug)
        link.product.save()

    def shown(query):
        return [card["link"].pk for card in client.get(f"/@noor/{query}").context["cards"]]

    assert shown("") == shown("?shelf=nonsense") == [bread.pk, lamp.pk]
    assert shown("?shelf=lighting") == [lamp.pk]


@pytest.mark.parametrize(("score", "is_said"), [(None, False), (69, False), (70, True)])
def test_only_a_good_score_is_said_to_shoppers(client, creator, score, is_said):
    DirectoryEntry.objects.filter(creator=creator).update(score=score, tiktok=1_240)

    page = client.get("/@noor/").content.decode()

    assert ("look real" in page) is is_said
    assert "1,240" in page


def come_by(client, link):
    """Let a shopper with something in her bag come by a creator's link."""
    brand_id = link.collaboration.brand_id
    seen = referral.Seen(brand_id, link.pk, clickids.new(), 1200, "thousand_first")
    client.cookies[referral.COOKIE] = referral.write([seen])
    client.post("/cart/add/", {"variant": link.product.variants.get().pk})


def test_whom_she_sent_sees_more_of_her_shelf(client, creator, django_assert_max_num_queries):
    first, second, sold_out, last = (put(creator, title) for title in ("A", "B", "C", "D"))
    Product.objects.filter(pk=sold_out.product_id).update(in_stock=False)
    money.make_variant(first.product.brand)
    come_by(client, first)

    with django_assert_max_num_queries(6):
        page = client.get(first.product.get_absolute_url())

    assert page.context["more"] == [(link.product, f"/go/{link.code}") for link in (second, last)]
    text = page.content.decode()
    assert f"More from {creator.display_name}'s shelf" in text
    assert f'<a href="/go/{second.code}" rel="sponsored">B</a>' in text


def test_where_her_shelf_has_no_more_the_brands_products_follow(
    client, creator, django_assert_max_num_queries
):
    link = put(creator)
    brand = link.product.brand
    other = money.make_variant(brand).product
    Product.objects.filter(pk=other.pk).update(in_stock=True)
    come_by(client, link)

    with django_assert_max_num_queries(6):
        page = client.get(link.product.get_absolute_url())

    assert page.context["more"] == [(other, other.get_absolute_url())]
    assert f'<h2 id="more">More from {brand.name}</h2>' in page.content.decode()
