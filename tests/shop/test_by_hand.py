"""What a brand, or we, decide by hand stays decided, whatever sales and imports do meanwhile."""

import os
import re

import psycopg
import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from shop import cart as carts
from shop import products, tasks, terms
from shop.feeds import takeover
from shop.models import Acceptance, Category, FeedRun, Product, Variant
from tests.shop.factories import make_brand, make_user, make_variant
from tests.shop.test_feeds import HEADER, counts, run, write

pytestmark = pytest.mark.django_db
CUP = "cup,Cup,,,,c1,5,shopify,9,\n"


def shown(client, path):
    """Return the fields of a page's form for a product as a browser would send them."""
    page = client.get(path).content.decode()
    fields = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page))
    fields |= dict(re.findall(r'name="(detail_\w+|description)"[^>]*>\n?([^<]*)<', page))
    chosen = r'<select[^>]* name="([^"]+)".*?<option value="([^"]*)" selected'
    return fields | dict(re.findall(chosen, page, re.DOTALL))


def test_pieces_that_are_sold_while_somebody_types_stay_sold(client):
    owner = make_user()
    variant = make_variant(brand=make_brand(owner=owner), stock=10)
    client.force_login(owner)
    path = f"/brand/{variant.brand.slug}/products/{variant.product_id}/"
    form = shown(client, path) | {"title": "A better name"}
    assert form["variants-0-stock"] == form["variants-0-stock_shown"] == "10"
    mine = Variant.objects.filter(pk=variant.pk)
    mine.update(stock=8, reserved=2)  # two were sent, two more are being ordered

    def left(**typed):
        answer = client.post(path, form | {f"variants-0-{key}": n for key, n in typed.items()})
        assert answer.status_code == 302, answer.content.decode()
        return mine.values_list("stock", "reserved").get()

    assert left() == (8, 2)
    assert Product.objects.get().title == "A better name"
    assert left(stock=15) == (13, 2)  # five more than she saw
    assert left(stock=4, stock_shown=13) == (4, 2)
    assert left(stock=3, stock_shown=9) == (2, 2)  # open orders keep theirs
    assert left(stock="", stock_shown=2) == (None, 2)
    assert left(stock=7, stock_shown="") == (7, 2)
    for forged in (-(10**12), 10**12):
        answer = client.post(path, form | {"variants-0-stock_shown": forged})
        assert answer.status_code == 422
    assert left(stock=7, stock_shown=7) == (7, 2)


def test_a_variant_is_taken_off_and_comes_back(client):
    owner = make_user()
    first = make_variant(brand=make_brand(owner=owner), price=3450)
    second = make_variant(brand=first.brand, product=first.product, price=900)
    client.force_login(owner)
    path = f"/brand/{first.brand.slug}/products/{first.product_id}/"
    page = first.product.get_absolute_url()
    off = {f"variants-{n}-is_off" for n in (0, 1)} & shown(client, path).keys()
    assert off == set()

    answer = client.post(path, shown(client, path) | {"variants-1-is_off": "on"})

    assert answer.status_code == 302, answer.content.decode()
    second.refresh_from_db()
    assert (second.is_active, Product.objects.get().price_from) == (False, 3450)
    assert f'value="{second.pk}"' not in client.get(page).content.decode()
    ticked = r'<input[^>]*name="variants-1-is_off"[^>]*checked'
    assert re.search(ticked, client.get(path).content.decode())
    client.post(path, shown(client, path))  # unticked
    second.refresh_from_db()
    assert (second.is_active, Product.objects.get().price_from) == (True, 900)
    both = {"variants-0-is_off": "on", "variants-1-is_off": "on"}
    client.post(path, shown(client, path) | both)
    assert Product.objects.values_list("status", "missing").get() == ("draft", ["price"])


def test_editing_a_product_that_is_off_does_not_sell_it(client):
    owner = make_user()
    variant = make_variant(brand=make_brand(owner=owner))
    client.force_login(owner)
    path = f"/brand/{variant.brand.slug}/products/{variant.product_id}/"
    client.post(f"{path}status/", {"archive": "1"})

    answer = client.post(path, shown(client, path) | {"title": "A better name"})

    assert answer.status_code == 302, answer.content.decode()
    facts = Product.objects.values_list("status", "title", "missing")
    assert facts.get() == ("archived", "A better name", ["taken_off"])
    client.post(f"{path}status/", {"restore": "1"})
    assert facts.get() == ("active", "A better name", [])


def carried(answer):
    """Return what a page carries along of what was sent, by name."""
    found = {}
    for name, value in answer.context["offer"].fields:
        found.setdefault(name, []).append(value)
    return found


def test_new_terms_take_nothing_away_of_what_somebody_typed(client):
    owner = make_user()
    variant = make_variant(brand=make_brand(owner=owner))
    Acceptance.objects.all().delete()
    client.force_login(owner)
    path = f"/brand/{variant.brand.slug}/products/{variant.product_id}/"
    typed = shown(client, path) | {"title": 'The "new" name', "description": "<p>Warm & round</p>"}

    asked = client.post(path, typed)
    again = carried(asked)
    assert asked.status_code == 422 and "I accept these terms; go on" in asked.content.decode()
    assert {name: values[0] for name, values in again.items()} == {
        name: str(value) for name, value in typed.items() if name != "csrfmiddlewaretoken"
    }
    assert "The &quot;new&quot; name" in asked.content.decode()
    assert client.post(path, again | {"accept_terms": "0"}).status_code == 422

    done = client.post(path, again | {"accept_terms": asked.context["row"].pk})
    assert done.status_code == 302
    product = Product.objects.get()
    assert (product.title, product.description) == (typed["title"], "<p>Warm &amp; round</p>")
    assert Acceptance.objects.get().brand == variant.brand


def test_a_member_cannot_accept_terms_but_loses_nothing_either(client):
    owner, member = make_user(), make_user()
    brand = make_brand(owner=owner)
    variant = make_variant(brand=brand)
    brand.memberships.create(user=member, role="member")
    Acceptance.objects.all().delete()
    client.force_login(member)
    many = f"/brand/{brand.slug}/products/many/"
    typed = {"product": [variant.product_id], "withdrawal": "custom"}

    asked = client.post(many, typed)
    again = carried(asked) | {"accept_terms": asked.context["row"].pk}
    refused = client.post(many, again)
    assert "Only an owner of the brand accepts them" in refused.content.decode()
    assert not Acceptance.objects.exists()

    terms.accept("brand", timezone.now(), user=owner, brand=brand)
    assert client.post(many, carried(refused)).status_code == 302
    assert Product.objects.get().withdrawal == "custom"


def test_what_a_brand_takes_off_no_import_brings_back(client, tmp_path):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    path = write(tmp_path, HEADER + CUP + "pot,Pot,,,,p1,5,,,\n")
    run(brand, path)
    cup, pot = Product.objects.order_by("external_id")
    one = f"/brand/{brand.slug}/products/{cup.pk}/status/"
    client.post(one, {"archive": "1"})
    client.post(f"/brand/{brand.slug}/products/many/", {"product": pot.pk, "archive": "1"})

    def states():
        return list(Product.objects.order_by("external_id").values_list("status", "price_from"))

    assert counts(run(brand, path)) == ("done", 0, 0, 2, 0, 0)
    assert states() == [("archived", 500), ("archived", 500)]
    write(tmp_path, HEADER + CUP.replace(",5,", ",6,") + "pot,Pot,,,,p1,5,,,\n")
    assert counts(run(brand, path)) == ("done", 0, 1, 1, 0, 0)
    assert states() == [("archived", 600), ("archived", 500)]

    client.post(one, {"restore": "1"})
    assert counts(run(brand, path)) == ("done", 0, 0, 2, 0, 0)
    assert states() == [("active", 600), ("archived", 500)]


def test_what_a_feed_took_off_comes_back_with_it(tmp_path):
    brand = make_brand()
    path = write(tmp_path, HEADER + CUP + "pot,Pot,,,,p1,5,,,\n")
    run(brand, path)
    without = write(tmp_path, HEADER + CUP, "without.csv")
    run(brand, without)  # another feed
    assert counts(run(brand, without)) == ("done", 0, 0, 1, 0, 0)
    Product.objects.filter(external_id="pot").update(status="archived")

    assert counts(run(brand, path)) == ("done", 0, 2, 0, 0, 0)
    assert set(Product.objects.values_list("status", flat=True)) == {"active"}


def test_what_its_feed_has_not_published_stays_a_draft(tmp_path):
    brand = make_brand()
    path = write(tmp_path, HEADER.strip() + ",Status\n" + CUP.strip() + ",draft\n")
    run(brand, path)
    cup = Product.objects.get()
    assert (cup.status, cup.missing) == ("draft", ["unpublished"])

    products.change(brand, [cup.pk], tax_class="reduced")
    products.change(brand, [cup.pk], status="archived")
    products.change(brand, [cup.pk], status="draft")

    cup.refresh_from_db()
    assert (cup.status, cup.missing, cup.tax_class) == ("draft", ["unpublished"], "reduced")
    write(tmp_path, HEADER + CUP)
    run(brand, path)
    assert Product.objects.get().status == "active"


def test_a_shelf_that_we_block_sells_nothing_from_that_moment(
    client, django_capture_on_commit_callbacks
):
    variant = make_variant()
    shelf, page = variant.product.category, variant.product.get_absolute_url()
    assert client.get(page).status_code == 200

    shelf.is_blocked = True
    with django_capture_on_commit_callbacks() as rung:
        admin.site.get_model_admin(Category).save_model(None, shelf, None, change=True)

    assert [(one.func.__self__, one.keywords) for one in rung] == [
        (tasks.look_again, {"category_id": shelf.pk})
    ]
    assert client.get(page).status_code == 404
    variant.refresh_from_db()
    with pytest.raises(carts.CannotAdd):
        carts.add(carts.new(), variant, 1)
    tasks.look_again(category_id=shelf.pk)
    assert Product.objects.get().missing == ["category_blocked"]
    Category.objects.filter(pk=shelf.pk).update(is_blocked=False)
    tasks.look_again(category_id=shelf.pk)
    assert Product.objects.get().status == "active"


def test_drafts_come_on_sale_once_the_brand_has_said_what_they_lacked(client):
    owner = make_user()
    brand = make_brand(owner=owner, category=None, made_by="others")
    shelf = Category.objects.get(slug="kitchen")
    Category.objects.filter(pk=shelf.pk).update(required_details=["manufacturer"])
    product = make_variant(brand=brand).product
    other = make_variant(brand=brand).product
    Product.objects.filter(pk=other.pk).update(category=None)
    products.publish(brand, [other.pk])
    missing = list(Product.objects.order_by("pk").values_list("missing", flat=True))
    assert missing == [["detail:manufacturer"], ["category"]]
    client.force_login(owner)
    path = f"/brand/{brand.slug}/settings/"

    form = shown(client, path) | {"made_by": "itself", "category": shelf.pk, "ships_to": []}
    assert client.post(path, form).status_code == 302
    tasks.look_again(brand_id=brand.pk)

    states = Product.objects.order_by("pk").values_list("category", "status")
    assert list(states) == [(product.category_id, "active"), (shelf.pk, "active")]


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_sent_while_another_comes_in_waits_for_it(client):
    owner = make_user()
    brand = make_brand(owner=owner)
    client.force_login(owner)
    file = SimpleUploadedFile("cups.csv", (HEADER + CUP).encode())
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("select pg_advisory_lock(%s, %s)", [takeover.IMPORTING, brand.pk])
        answer = client.post(f"/brand/{brand.slug}/feeds/", {"file": file, "import": "1"})
        made = FeedRun.objects.get()
        assert (answer.status_code, made.state, made.attempts) == (302, "waiting", 0)

    tasks.import_feed(made.pk)
    made.refresh_from_db()
    assert counts(made) == ("done", 1, 0, 0, 0, 0)
    assert made.started_at < timezone.now()
