"""What creators see of their money, and where they say where it goes."""

from datetime import timedelta

import pytest

from affiliates import settlement
from affiliates.models import PayoutMethod, TaxProfile
from tests.affiliates import factories as money

pytestmark = pytest.mark.django_db


@pytest.fixture
def creator(client):
    creator = money.make_creator()
    client.force_login(creator.user)
    return creator


def test_a_commission_shows_its_rate_its_base_and_when_it_clears(client, creator):
    money.make_commission(creator=creator)

    text = client.get("/creator/earnings/").content.decode()

    assert "€3.42" in text
    assert "12% of €28.51" in text
    assert "Your link" in text or "Yours was the newest click" in text


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_the_earnings_page_takes_the_same_few_queries(
    client, creator, rows, django_assert_max_num_queries
):
    for _ in range(rows):
        money.make_commission(creator=creator)

    with django_assert_max_num_queries(12):
        assert client.get("/creator/earnings/").status_code == 200


def test_paging_shows_each_commission_once(client, creator):
    made = {money.make_commission(creator=creator).pk for _ in range(30)}

    seen, after = [], ""
    while True:
        context = client.get("/creator/earnings/", {"after": after}).context
        seen += [row.commission.pk for row in context["rows"]]
        after = context["cursor"]
        if not after:
            break

    assert (set(seen), len(seen)) == (made, 30)


def test_the_csv_holds_every_commission_of_hers_and_of_nobody_else(client, creator):
    mine = money.make_commission(creator=creator)
    money.make_commission(creator=money.make_creator())

    body = b"".join(client.get("/creator/earnings/commissions.csv").streaming_content).decode()

    assert [line.split(",")[0] for line in body.splitlines()] == ["commission", str(mine.pk)]


def test_a_bank_account_is_saved_and_waits_48_hours(client, creator):
    response = client.post(
        "/creator/payouts/",
        {"form": "bank", "bank-iban": "nl91 abna 0417 1643 00", "bank-holder": "N. Visser"},
    )

    method = PayoutMethod.objects.get(creator=creator)
    assert response.status_code == 302
    assert method.iban == "NL91ABNA0417164300"
    assert method.usable_from - method.created_at == timedelta(hours=48)


def test_a_wrong_iban_keeps_what_was_typed(client, creator):
    response = client.post(
        "/creator/payouts/",
        {"form": "bank", "bank-iban": "NL91ABNA0417164301", "bank-holder": "N. Visser"},
    )

    text = response.content.decode()
    assert response.status_code == 422
    assert "NL91ABNA0417164301" in text
    assert "N. Visser" in text
    assert not PayoutMethod.objects.exists()


def test_a_vat_liable_creator_needs_a_number(client, creator):
    facts = {"form": "tax", "tax-kind": "vat_liable", "tax-legal_name": "N. Visser",
             "tax-address": "Straat 1, Utrecht", "tax-self_billing": "on"}  # fmt: skip

    assert client.post("/creator/payouts/", facts).status_code == 422
    assert client.post("/creator/payouts/", facts | {"tax-kind": "private"}).status_code == 302

    assert TaxProfile.objects.get(creator=creator).kind == "private"


def test_without_consent_to_self_billing_nothing_is_saved(client, creator):
    facts = {"form": "tax", "tax-kind": "private", "tax-legal_name": "N. Visser",
             "tax-address": "Straat 1, Utrecht"}  # fmt: skip

    assert client.post("/creator/payouts/", facts).status_code == 422
    assert not TaxProfile.objects.exists()


def test_the_payout_page_names_what_the_next_payout_holds(client, creator):
    money.make_commission(creator=creator)
    settlement.settle(as_of=money.NIGHT_OVER)

    response = client.get("/creator/payouts/")

    assert response.context["next_amount"] in (0, 342)  # funded only when the brand has the money
