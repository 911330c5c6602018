"""Terms in versions: announced in time, compared, told to those concerned, accepted."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import IntegrityError, InternalError, transaction
from django.urls import reverse
from django.utils import timezone

from affiliates import links, termsletters
from shop import terms
from shop.models import Acceptance, Membership, Product, Terms
from tests.affiliates.factories import make_brand, make_user, make_variant
from tests.creators.factories import make_creator

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NOW = timezone.now()


def draft(kind="creator", days=16, **facts) -> Terms:
    text = terms.in_force(kind, NOW).text
    facts = {
        "version": 2, "text": text.replace("18 or older", "21 or older") + "10. Be kind.\n",
        "text_nl": "Wees aardig.", "note": "You are 21 now.", "note_nl": "Je bent nu 21.",
        "effective_from": NOW + days * DAY,
    } | facts  # fmt: skip
    return Terms.objects.create(kind=kind, **facts)


def publish(row) -> Terms:
    return terms.publish(row, by=make_user(is_staff=True), at=NOW)


def test_a_version_is_announced_15_days_ahead_in_order_and_then_fixed():
    with pytest.raises(terms.NotPublishable, match="15 days"):
        publish(draft(days=14))
    with pytest.raises(terms.NotPublishable, match="one after another"):
        publish(draft("brand", version=3))
    late = Terms.objects.get(kind="creator", version=2)
    with pytest.raises(IntegrityError, match="announced_in_time"), transaction.atomic():
        Terms.objects.filter(pk=late.pk).update(published_at=NOW)

    Terms.objects.filter(pk=late.pk).update(effective_from=NOW + 15 * DAY)
    done = publish(late)

    for change in (
        lambda: Terms.objects.filter(pk=done.pk).update(text="Other"), done.delete
    ):  # fmt: skip
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            change()
    with pytest.raises(terms.NotPublishable, match="already"):
        publish(done)
    assert terms.in_force("creator", NOW).version == 1
    assert terms.in_force("creator", NOW + 15 * DAY).version == 2


def test_a_draft_is_nowhere_to_be_seen(client):
    draft()
    assert client.get("/terms/creator/2/").status_code == 404
    assert "ersion 2" not in client.get("/terms/").content.decode()
    assert terms.in_force("creator", NOW + 99 * DAY).version == 1


def test_a_comparison_says_what_goes_and_what_comes_word_by_word():
    lines = terms.changes("1. You are 18.\n2. Same.\n3. Goes.", "1. You are 21.\n2. Same.\nNew.")
    assert [line.op for line in lines] == ["changed", "same", "changed"]
    assert lines[0].parts == [("same", "1. You are "), ("gone", "18."), ("new", "21.")]
    assert [line.op for line in terms.changes("a\nb", "a")] == ["same", "gone"]
    assert [line.op for line in terms.changes("a", "a\nb")] == ["same", "new"]


def test_everyone_reads_current_past_and_announced_versions_and_what_differs(client):
    publish(draft())
    page = client.get("/terms/creator/").content.decode()
    assert "In force since" in page and "18 or older" in page and "Version 2, from" in page
    assert "Announced: holds from" in client.get("/terms/creator/2/").content.decode()
    shown = client.get("/terms/creator/2/changes/").content.decode()
    assert "21</ins>" in shown.replace(" </ins>", "</ins>") and "<del>" in shown
    assert "10. Be kind." in shown and "You are 21 now." in shown
    for path in ("none/", "creator/9/", "creator/1/changes/"):
        assert client.get(f"/terms/{path}").status_code == 404
    assert "/terms/" in client.get("/").content.decode()


def test_those_concerned_are_told_once_in_their_language():
    told = make_creator(followers=6_000, user=make_user(), languages=["nl"])
    make_creator(user=make_user())  # still joining
    brand, owner = make_brand(country="DE"), make_user()
    Membership.objects.create(brand=brand, user=owner, role="owner")
    publish(draft())
    publish(draft("brand"))

    assert [termsletters.send_waiting(NOW), termsletters.send_waiting(NOW)] == [2, 0]

    bodies = {letter.to[0]: letter.body for letter in mail.outbox}
    assert set(bodies) == {told.user.email, owner.email}
    assert "Je bent nu 21." in bodies[told.user.email]
    assert "/terms/brand/2/changes/" in bodies[owner.email]
    late = make_creator(followers=6_000, user=make_user())
    assert termsletters.send_waiting(NOW + DAY) == 1
    assert mail.outbox[-1].to == [late.user.email]
    assert termsletters.send_waiting(NOW + 16 * DAY) == 0  # it holds: she is asked instead


def test_a_creator_is_asked_again_before_her_next_link_once_it_holds():
    creator = make_creator(followers=6_000, user=make_user())
    links.accept_terms(creator.user, NOW)
    publish(draft())
    later = NOW + 17 * DAY

    assert links.terms_missing(creator.user, NOW) is None
    assert links.terms_missing(creator.user, later).version == 2
    with pytest.raises(links.TermsMissing):
        links.take(creator, brand=make_brand(), at=later)
    for _n in range(2):
        links.accept_terms(creator.user, later)
    assert links.terms_missing(creator.user, later) is None
    kept = Acceptance.objects.filter(user=creator.user).order_by("pk")
    assert [(row.terms.version, row.accepted_at) for row in kept] == [(1, NOW), (2, later)]


def test_a_brand_publishes_nothing_before_somebody_accepted_for_it(client):
    product = make_variant(make_brand()).product
    owner = make_user()
    Membership.objects.create(brand=product.brand, user=owner, role="owner")
    Product.objects.filter(pk=product.pk).update(status="archived")
    client.force_login(owner)
    show = reverse("shop:product_status", args=[product.brand.slug, product.pk])

    answer = client.post(show)
    assert (answer.status_code, Product.objects.get().status) == (422, "archived")
    page = f"/brand/{product.brand.slug}/terms/"
    assert "I accept these terms" in client.get(page).content.decode()
    client.post(page)
    client.post(show)

    product.refresh_from_db()
    assert product.status != "archived"
    assert Acceptance.objects.get().brand == product.brand
    assert "Accepted." in client.get(f"/brand/{product.brand.slug}/terms/").content.decode()


def test_an_admin_publishes_a_draft_and_reads_why_not(client, admin_user):
    Authenticator.objects.create(user=admin_user, type="totp", data={"secret": "x"})
    client.force_login(admin_user)
    soon, row = draft("brand", days=3), draft()
    desk = reverse("admin:shop_terms_changelist")
    picked = {"action": "publish", "_selected_action": [soon.pk, row.pk]}

    said = client.post(desk, picked, follow=True).content.decode()

    assert "at least 15 days" in said and "published. Those" in said
    row.refresh_from_db()
    assert row.published_by == admin_user
    change = reverse("admin:shop_terms_change", args=[row.pk])
    assert client.post(change, {"text": "x"}).status_code == 403
