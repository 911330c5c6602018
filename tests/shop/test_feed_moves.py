"""What a file calls otherwise than before, or gives to another product, is followed."""

import pytest
from django.utils import timezone

from shop import products
from shop.feeds import takeover
from shop.models import Category, FeedProblem, Product, Variant
from tests.shop.factories import make_brand
from tests.shop.test_feeds import HEADER, counts, run, write

pytestmark = pytest.mark.django_db
MERCHANT = "id\ttitle\tprice\titem_group_id\tcolor\n"


def rows(*facts):
    """Return a Shopify file of (handle, option, SKU) triples, each handle a product."""
    found, seen = HEADER, set()
    for handle, option, sku in facts:
        title = "" if handle in seen else handle.title()
        seen.add(handle)
        found += f"{handle},{title},,Size,{option},{sku},5,shopify,9,\n"
    return found


def stands():
    """Return (id in the feed, state, SKUs on sale) of all products."""
    return {
        (one.external_id, one.status,
         tuple(one.variants.filter(is_active=True).order_by("sku").values_list("sku", flat=True)))
        for one in Product.objects.all()
    }  # fmt: skip


@pytest.fixture
def brand():
    return make_brand()


def test_a_product_with_a_new_handle_is_the_same_product(brand, tmp_path):
    path = write(tmp_path, rows(("mug", "S", "M1"), ("mug", "L", "M2"), ("pot", "S", "P1")))
    run(brand, path)
    mug, variant = Product.objects.get(external_id="mug"), Variant.objects.get(sku="M1")
    Variant.objects.filter(pk=variant.pk).update(reserved=3)
    write(tmp_path, rows(("beaker", "S", "M1"), ("beaker", "L", "M2"), ("pot", "S", "P1")))

    look = run(brand, path, dry_run=True)
    assert (counts(look), look.examples["changed"]) == (("preview", 0, 1, 1, 0, 0), [["Beaker"]])
    assert counts(run(brand, path)) == ("done", 0, 1, 1, 0, 0)

    assert stands() == {("beaker", "active", ("M1", "M2")), ("pot", "active", ("P1",))}
    same = Product.objects.get(external_id="beaker")
    assert (same.pk, same.slug, same.title) == (mug.pk, mug.slug, "Beaker")
    variant.refresh_from_db()
    assert (variant.product_id, variant.reserved, variant.stock) == (mug.pk, 3, 9)
    assert counts(run(brand, path)) == ("done", 0, 0, 2, 0, 0)


def test_all_handles_may_change_at_once(brand, tmp_path):
    """That is no shrunk file: nothing is missing in it."""
    path = write(tmp_path, rows(*((f"cup-{n}", "S", n) for n in "abcdef")))
    run(brand, path)
    before = dict(Variant.objects.values_list("sku", "product_id"))
    write(tmp_path, rows(*((f"kop-{n}", "S", n) for n in "abcdef")))

    assert counts(run(brand, path)) == ("done", 0, 6, 0, 0, 0)
    assert dict(Variant.objects.values_list("sku", "product_id")) == before


def test_single_items_become_a_group_and_part_again(brand, tmp_path):
    single = MERCHANT + "".join(f"c{n}\tCup {n}\t5 EUR\t\t\n" for n in range(4))
    grouped = MERCHANT + "".join(f"c{n}\tCup\t5 EUR\tcup\tno {n}\n" for n in range(4))
    path = write(tmp_path, single, "cups.tsv")
    run(brand, path)
    first = Product.objects.get(external_id="c0")

    write(tmp_path, grouped, "cups.tsv")
    assert counts(run(brand, path)) == ("done", 0, 1, 0, 3, 0)
    on_sale = {one for one in stands() if one[1] == "active"}
    assert on_sale == {("cup", "active", ("c0", "c1", "c2", "c3"))}
    assert Product.objects.get(external_id="cup").pk == first.pk

    write(tmp_path, single, "cups.tsv")
    assert counts(run(brand, path)) == ("done", 0, 4, 0, 0, 0)
    assert {one for one in stands() if one[1] == "active"} == {
        (f"c{n}", "active", (f"c{n}",)) for n in range(4)
    }


def test_a_variant_goes_to_its_neighbour_with_its_stock_and_prices(brand, tmp_path, monkeypatch):
    monkeypatch.setattr(takeover, "AT_ONCE", 1)
    path = write(tmp_path, rows(("mug", "S", "M1"), ("mug", "L", "M2"), ("pot", "S", "P1")))
    run(brand, path)
    large = Variant.objects.get(sku="M2")
    Variant.objects.filter(pk=large.pk).update(price=700)
    write(tmp_path, rows(("mug", "S", "M1"), ("pot", "S", "P1"), ("pot", "L", "M2")))

    assert counts(run(brand, path)) == ("done", 0, 2, 0, 0, 0)

    assert stands() == {("mug", "active", ("M1",)), ("pot", "active", ("M2", "P1"))}
    large.refresh_from_db()
    assert (large.product.external_id, large.price) == ("pot", 500)
    assert set(large.price_changes.values_list("price", flat=True)) == {500, 700}
    write(tmp_path, rows(("pot", "S", "M1"), ("mug", "S", "P1"), ("mug", "L", "M2")))
    run(brand, path)  # two change places
    assert stands() == {("pot", "active", ("M1",)), ("mug", "active", ("M2", "P1"))}


@pytest.mark.parametrize("how", ["hidden", "taken off", "by hand"])
def test_no_other_id_brings_back_what_is_off_or_takes_what_is_not_the_feeds(brand, tmp_path, how):
    path = write(tmp_path, rows(("mug", "S", "M1"), ("pot", "S", "P1")))
    run(brand, path)
    mug = Product.objects.get(external_id="mug")
    if how == "hidden":
        products.hide(mug, timezone.now())
    elif how == "taken off":
        products.take_off(brand, [mug.pk], timezone.now())
    else:
        Product.objects.filter(pk=mug.pk).update(feed=None, external_id=None)
    write(tmp_path, rows(("beaker", "S", "M1"), ("pot", "S", "P1")))

    done = run(brand, path)

    assert (done.added, done.problem_count) == (0, 1)
    assert FeedProblem.objects.get(run=done).value == "M1"
    assert Variant.objects.get(sku="M1").product_id == mug.pk
    assert not Product.objects.filter(external_id="beaker").exists()


def test_a_sku_that_was_in_the_way_comes_in_once_it_is_free(brand, tmp_path):
    kitchen = Category.objects.get(slug="kitchen")
    by_hand = Product.objects.create(brand=brand, slug="own", title="Own", category=kitchen)
    mine = Variant.objects.create(brand=brand, product=by_hand, sku="M2", price=900)
    path = write(tmp_path, rows(("mug", "S", "M1"), ("mug", "L", "M2")))
    assert counts(run(brand, path)) == ("done", 1, 0, 0, 0, 1)
    assert counts(run(brand, path)) == ("done", 0, 1, 0, 0, 1)  # it is said each time

    Variant.objects.filter(pk=mine.pk).update(sku="OWN")

    assert counts(run(brand, path)) == ("done", 0, 1, 0, 0, 0)
    assert ("mug", "active", ("M1", "M2")) in stands()


def test_a_product_that_is_there_twice_is_said(brand, tmp_path):
    text = MERCHANT + "a\tA\t5 EUR\t\t\nb\tB\t5 EUR\tg\tred\na\tA again\t5 EUR\t\t\n"
    done = run(brand, write(tmp_path, text, "twice.tsv"))

    assert (done.added, done.problem_count) == (2, 1)


def test_a_group_may_have_the_name_of_an_item(brand, tmp_path):
    """Some shops list the parent as well, under the id that its variants have as their group."""
    items = ["7\tMug\t5 EUR\t\t", "8\tMug\t5 EUR\t7\tred", "9\tMug\t5 EUR\t7\tblue"]
    first, last = items, [items[1], items[0], items[2]]
    for n, order in enumerate((first, last)):
        done = run(make_brand(), write(tmp_path, MERCHANT + "\n".join(order) + "\n", f"{n}.tsv"))
        assert counts(done) == ("done", 2, 0, 0, 0, 0)
        found = {one[2] for one in stands()}
        assert found == {("7",), ("8", "9")}
