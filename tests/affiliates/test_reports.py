"""A visitor reports a page: without an account, told with reasons, and so is the other side."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from affiliates import caseletters, holds
from creators import reports
from creators.models import Case, Report
from shop import products
from shop.models import Product
from tests.affiliates.factories import make_brand, make_user, make_variant
from tests.creators.factories import make_creator

pytestmark = pytest.mark.django_db
TYPED = {"ground": "safety", "text": "The plug has no earth.", "good_faith": "on"}


@pytest.fixture
def product():
    return make_variant(make_brand(email="shop@brand.example", country="NL")).product


def url_of(product) -> str:
    return f"/report/product/{product.pk}/"


def send(client, product, **typed):
    return client.post(url_of(product), TYPED | typed)


def test_a_page_has_its_button_and_the_form_opens_a_case_without_an_account(client, product):
    assert url_of(product) in client.get(product.get_absolute_url()).content.decode()
    assert client.get(url_of(product)).status_code == 200

    answer = send(client, product, email="ann@people.example", name="Ann")

    case = Case.objects.get()
    assert (case.kind, case.state, case.subject) == ("report", "answered", f"product:{product.pk}")
    assert (case.decide_by - case.opened_at).days == 10
    state = client.get(answer["Location"]).content.decode()
    assert "A person decides by" in state and "ann@people.example" not in state
    assert client.get(answer["Location"].replace(":", "x")).status_code == 404
    caseletters.send_waiting()
    (receipt,) = mail.outbox
    assert receipt.to == ["ann@people.example"] and answer["Location"] in receipt.body


def test_what_is_missing_is_said_and_what_was_typed_stays(client, product):
    answer = client.post(url_of(product), {"ground": "fraud", "text": "short"})
    shown = answer.content.decode()
    assert answer.status_code == 422 and "short</textarea>" in shown
    assert 'value="fraud"' in shown and not Report.objects.exists()


def test_reports_about_one_page_share_its_open_case_and_too_many_are_refused(client, product):
    statuses = [send(client, product).status_code for _n in range(6)]
    assert statuses == [302] * 5 + [429]
    assert (Case.objects.count(), Report.objects.count()) == (1, 5)


def decide(upheld):
    return holds.decide(
        Case.objects.get(), upheld, by=make_user(is_staff=True), reason="We tested one.",
        at=timezone.now() + timedelta(days=12),
    )  # fmt: skip


def test_an_upheld_report_hides_the_product_and_both_sides_get_the_reasons(client, product):
    where = send(client, product, email="ann@people.example")["Location"]
    decide(True)
    caseletters.send_waiting()

    product.refresh_from_db()
    assert (product.status, "hidden" in product.missing) == ("draft", True)
    assert client.get(product.get_absolute_url()).status_code == 404
    products.publish(product.brand, [product.pk])
    assert not Product.objects.on_sale().exists()  # its brand cannot bring it back
    letters = {letter.to[0]: letter.body for letter in mail.outbox[1:]}
    assert set(letters) == {"ann@people.example", "shop@brand.example"}
    for body in letters.values():
        assert "We tested one." in body
    assert "no longer shown or sold" in letters["ann@people.example"]
    assert "Ann" not in letters["shop@brand.example"]
    assert "buitengerechtelijke" in letters["shop@brand.example"]  # in its language
    assert "We tested one." in client.get(where).content.decode()

    products.show_again(product)
    product.refresh_from_db()
    assert "hidden" not in product.missing


def test_a_dismissed_report_changes_nothing(client, product):
    send(client, product)
    decide(False)
    assert Product.objects.on_sale().get() == product


def test_a_report_about_a_creator_names_her_in_the_case_and_she_reads_the_decision(client):
    creator = make_creator(followers=6_000, user=make_user())
    path = f"/report/creator/{creator.pk}/"
    assert path in client.get(creator.get_absolute_url()).content.decode()
    client.post(path, TYPED | {"ground": "hidden_ad"})
    assert Case.objects.get().creator == creator
    decide(False)
    caseletters.send_waiting()
    assert [letter.to for letter in mail.outbox] == [[creator.user.email]]


@pytest.mark.parametrize("path", ["product/0", "creator/0", "order/1"])
def test_what_is_not_there_cannot_be_reported(client, path):
    assert client.get(f"/report/{path}/").status_code == 404


def test_a_forged_token_shows_nothing(product):
    made = reports.file("product:1", reports.Word("fraud", "A scam.", "/"), timezone.now())
    token = reports.token(made)
    assert reports.of_token(token) == made
    assert reports.of_token("1" + token) is None and reports.of_token("1") is None
