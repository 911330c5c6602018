"""What happens is told to those who listen, in the transaction that it happens in, and to nobody else."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from affiliates import (
    clock,
    commissions,
    deliveries,
    dossier,
    endpoints,
    erasure,
    events,
    participations,
    payouts,
    settlement,
)
from affiliates.models import Collaboration, Commission, Delivery, Endpoint
from creators import enrolment
from shop import refunds
from tests.affiliates.factories import (
    DELIVERED,
    NIGHT_OVER,
    PAID,
    deliver,
    make_brand,
    make_commission,
    make_creator,
    make_order,
    make_payable,
    make_user,
    pay,
)
from tests.creators import factories as people

pytestmark = pytest.mark.django_db
FRIDAY = datetime(2026, 11, 20, 5, tzinfo=UTC)
ALL = list(events.KINDS)


def listen(owner, kinds=tuple(ALL), name="x"):
    whose = {owner._meta.model_name: owner}
    return endpoints.add(f"https://mill.example/{name}", kinds, PAID, by=make_user(), **whose)


def told(endpoint) -> list[tuple]:
    rows = endpoint.deliveries.order_by("pk")
    return [(row.kind, row.subject, row.state) for row in rows]


def last(endpoint) -> dict:
    return endpoint.deliveries.order_by("-pk").first().data


def test_the_life_of_a_commission_is_told_to_both_sides_and_to_nobody_else(books):
    brand, creator, other = make_brand(), make_creator(), make_brand()
    sides = [listen(brand), listen(creator)]
    bystanders = [listen(other), listen(make_creator())]

    sale = make_commission(creator, brand)
    part = sale.order_line.brand_order
    subject = f"commission:{sale.pk}"
    facts = {
        "commission": sale.pk, "kind": "sale", "state": "pending", "brand": brand.slug,
        "creator": creator.handle, "collaboration": sale.collaboration_id, "link": None,
        "amount": {"amount": 342, "currency": "EUR"}, "base": {"amount": 2851, "currency": "EUR"},
        "rate_bp": 1200, "reverses": None, "earned_on": "2026-11-02", "clears_on": "2026-12-17",
        "settled_on": None,
    }  # fmt: skip
    assert last(sides[0]) == facts | {"order": part.pk}
    assert last(sides[1]) == facts  # a creator reads no order

    refunds.refund(part.order, at=DELIVERED, amount=1000)
    assert (last(sides[1])["reverses"], last(sides[1])["kind"]) == (sale.pk, "reversal")
    settlement.settle(NIGHT_OVER)
    settlement.settle(NIGHT_OVER)
    for side in sides:
        assert told(side) == [
            ("commission.born", subject, "waiting"),
            ("commission.reversed", subject, "waiting"),
            ("commission.settled", subject, "waiting"),
            ("commission.settled", subject, "waiting"),
        ]
    assert (last(sides[0])["state"], last(sides[0])["settled_on"]) == ("settled", "2026-11-19")
    assert [told(one) for one in bystanders] == [[], []]


def test_a_creator_reads_no_hour_of_a_shopper(books, client):
    brand, creator = make_brand(), make_creator()
    sides = [listen(brand), listen(creator)]
    sale = make_commission(creator, brand)
    theirs, hers = (side.deliveries.get() for side in sides)

    day = clock.local_day(theirs.created_at)
    assert json.loads(deliveries.body_of(hers))["timestamp"] == f"{day}"
    assert (
        json.loads(deliveries.body_of(theirs))["timestamp"] == f"{theirs.created_at:%Y-%m-%dT%XZ}"
    )
    assert (hers.created_at, theirs.next_at) == (clock.midnight(day), theirs.created_at)
    assert (hers.next_at.minute, hers.next_at.second, hers.next_at.microsecond) == (0, 0, 0)
    assert theirs.next_at < hers.next_at <= theirs.next_at + timedelta(hours=1)
    client.force_login(creator.user)
    read = b"".join(
        client.get(
            reverse("affiliates:creator_table", args=["commissions", "csv"])
        ).streaming_content
    ).decode()
    found = dossier.collect(creator.user)
    read += json.dumps([found["affiliates.Commission"], found["affiliates.Delivery"]])
    assert f"{clock.local_day(sale.created_at)}" in read
    assert re.findall(r"\d\d:\d\d", read) == []


def test_a_fact_told_again_is_one_message_and_keeps_its_id():
    brand = make_brand()
    endpoint = listen(brand)
    sale = make_commission(None, brand)
    before = endpoint.deliveries.get()
    assert events.tell(events.BORN, [sale.pk], PAID) == 0
    before.delete()
    assert events.tell(events.BORN, [sale.pk], PAID) == 1
    assert endpoint.deliveries.get().uid == before.uid


def test_what_is_taken_back_was_never_told():
    brand, creator = make_brand(), make_creator()
    endpoint = listen(brand)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        make_commission(creator, brand)
        assert endpoint.deliveries.count() == 1
        1 / 0  # noqa: B018
    assert endpoint.deliveries.count() == 0


def test_a_paused_endpoint_keeps_dead_letters_and_one_that_is_off_nothing():
    brand, creator = make_brand(), make_creator()
    paused, off, deaf = listen(brand), listen(creator), listen(brand, [events.PAYOUT], "y")
    endpoints.pause(paused.pk, PAID)
    endpoints.switch(off, False, PAID)
    make_commission(creator, brand)
    assert [row[2] for row in told(paused)] == ["dead"]
    assert [told(off), told(deaf)] == [[], []]
    assert paused.deliveries.get().note == "paused"


def test_the_night_tells_many_in_one_statement_and_asks_one_short_question_for_nobody(books):
    brand, creator = make_brand(), make_creator()
    rows = [
        {"brand": brand, "creator": creator, "price": 1000 + n} for n in range(40)
    ]  # fmt: skip
    deliver(make_order(*rows))
    quiet = _night_statements()
    assert quiet["told"] == 0 and quiet["asked"] == 1
    listener = listen(brand)
    deliver(make_order(*rows, at=PAID + timedelta(hours=1)), DELIVERED + timedelta(days=2))
    loud = _night_statements(NIGHT_OVER + timedelta(days=3))
    assert loud["told"] == loud["asked"] == 1
    settled = listener.deliveries.filter(kind=events.SETTLED)
    assert settled.count() == 40
    assert set(settled.values_list("data__commission", flat=True)) == set(
        Commission.objects.order_by("-pk").values_list("pk", flat=True)[:40]
    )


def _night_statements(at=NIGHT_OVER) -> dict[str, int]:
    with CaptureQueriesContext(connection) as asked:
        assert settlement.settle(at).commissions == 40
    said = [one["sql"] for one in asked]
    return {
        "told": sum("INSERT INTO affiliates_delivery" in sql for sql in said),
        "asked": sum("array_agg(creator_id)" in sql for sql in said),
    }


def test_a_payout_is_told_at_each_of_its_states(books):
    creator = make_creator()
    endpoint = listen(creator, [events.PAYOUT])
    sale = make_commission(creator, price=34500)
    make_payable(creator)
    settlement.settle(NIGHT_OVER)
    admins = [make_user(is_staff=True), make_user(is_staff=True)]
    (batch,) = payouts.build(FRIDAY)
    payouts.approve(batch, admins[0], FRIDAY)
    payouts.export(batch, admins[1], FRIDAY)
    payouts.confirm_batch(batch, FRIDAY)
    payout = creator.payouts.get()
    payouts.confirm(payout, FRIDAY)
    payouts.returned(payout, "account closed", FRIDAY + timedelta(days=2))

    assert told(endpoint) == [("payout.updated", f"payout:{payout.pk}", "waiting")] * 4
    rows = endpoint.deliveries.order_by("pk")
    assert [row.data["state"] for row in rows] == ["pending", "processing", "paid", "returned"]
    assert last(endpoint) == {
        "payout": payout.pk, "state": "returned", "reason": "account closed",
        "amount": {"amount": 3421, "currency": "EUR"}, "vat": {"amount": 0, "currency": "EUR"},
        "pay_on": "2026-11-20", "paid_at": "2026-11-20T05:00:00Z",
    }  # fmt: skip
    assert sale.brand.endpoints.count() == 0


def test_decisions_and_invitations_are_told():
    creator = people.make_creator(followers=6_000, user=people.make_user(), decided=False)
    hers = listen(creator)
    decision = enrolment.apply_decision(creator, FRIDAY)
    assert last(hers) == {
        "decision": decision.pk, "creator": creator.handle, "outcome": "full", "by": "policy",
        "decided_at": "2026-11-20T05:00:00Z",
    }  # fmt: skip
    enrolment.decide_by_hand(
        creator, "declined", by=make_user(), reason="Why", at=FRIDAY + timedelta(hours=1)
    )
    assert (last(hers)["outcome"], last(hers)["by"]) == ("declined", "person")
    enrolment.decide_by_hand(
        creator, "full", by=make_user(), reason="Why", at=FRIDAY + timedelta(hours=2)
    )

    brand = make_brand()
    theirs = listen(brand)
    offer = Collaboration.objects.create(
        brand=brand, kind="targeted", name="Bread week", rate_bp=1500, starts_at=PAID
    )
    participations.invite(offer, [creator], FRIDAY)
    row = offer.participations.get()
    for side in (hers, theirs):
        assert last(side) == {
            "invitation": row.pk, "state": "invited", "brand": brand.slug,
            "creator": creator.handle, "asked_by": "brand", "asked_at": "2026-11-20T05:00:00Z",
            "answer_by": row.answer_by.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "collaboration": {"id": offer.pk, "name": "Bread week", "kind": "targeted"},
        }  # fmt: skip
    participations.accept(creator, row.pk, FRIDAY)
    assert [last(side)["state"] for side in (hers, theirs)] == ["accepted", "accepted"]
    assert {kind for kind, _subject, _state in told(theirs)} == {"invitation.updated"}


def test_adjustments_and_what_earns_again_are_born_too():
    brand, creator = make_brand(), make_creator()
    endpoint = listen(creator, [events.BORN])
    made = commissions.adjust(creator, brand.pk, 500, "EUR", "goodwill", PAID)
    assert last(endpoint)["commission"] == made.pk
    sale = make_commission(creator, brand)
    commissions.void([sale.pk])
    commissions.earn_again([sale.pk], NIGHT_OVER)
    assert last(endpoint)["commission"] == Commission.objects.latest("pk").pk != sale.pk


def test_the_sweep_tells_nothing_again(books):
    brand, creator = make_brand(), make_creator()
    order = make_order({"brand": brand, "creator": creator}, paid=False)
    pay(order)
    endpoint = listen(brand)
    attributions = [line.attribution for part in order.parts.all() for line in part.lines.all()]
    assert commissions.bear(order, attributions, NIGHT_OVER) == 0
    assert told(endpoint) == []


def test_a_closed_account_leaves_no_endpoint_and_no_key():
    creator = people.make_creator(followers=6_000, user=people.make_user(), at=PAID)
    listen(creator)
    erasure.close(creator.user, PAID)
    assert (Endpoint.objects.count(), Delivery.objects.count()) == (0, 0)
