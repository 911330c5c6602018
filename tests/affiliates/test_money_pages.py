"""What creators see of their money, and where they say where it goes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from affiliates import clock, commissions, earnings, payouts, settlement
from affiliates.forms.payouts import BankForm
from affiliates.models import Commission, PayoutMethod, TaxProfile
from shop import refunds
from tests.affiliates import factories as money

pytestmark = pytest.mark.django_db


@pytest.fixture
def creator(client):
    creator = money.make_creator()
    money.sign_in(client, creator.user)
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
    for _ in range(min(rows, 3)):
        money.make_commission(creator=creator)
    if rows > 3:
        line = {"brand": money.make_brand(), "creator": creator}
        money.make_order(*[line] * (rows - 3))

    with django_assert_max_num_queries(12):
        assert client.get("/creator/earnings/").status_code == 200


def steps(client) -> list[str]:
    (row,) = client.get("/creator/earnings/").context["rows"]
    return [f"{step.label} {step.day}" for step in row.steps]


def test_a_commission_tells_each_step_with_its_day(client, creator):
    sale = money.make_commission(creator=creator, delivered=None, price=34500)
    assert steps(client) == [
        "bought 2026-11-02", "not delivered yet None", "clears 2026-12-17", "goes out 2026-12-18"
    ]  # fmt: skip
    money.deliver(sale.order_line.brand_order.order)
    assert steps(client) == [
        "bought 2026-11-02", "delivered 2026-11-04", "may come back until 2026-11-18",
        "clears 2026-11-19", "goes out 2026-11-20",
    ]  # fmt: skip
    settlement.settle(money.NIGHT_OVER)
    money.make_payable(creator)
    admins = [money.make_user(is_staff=True), money.make_user(is_staff=True)]
    (batch,) = payouts.build(money.NIGHT_OVER)
    payouts.approve(batch, admins[0], money.NIGHT_OVER)
    payouts.export(batch, admins[1], money.NIGHT_OVER)
    payouts.confirm_batch(batch, money.NIGHT_OVER)
    assert steps(client) == [
        "bought 2026-11-02", "delivered 2026-11-04", "could come back until 2026-11-18",
        "cleared 2026-11-19", "paid 2026-11-20",
    ]  # fmt: skip


def test_what_was_too_little_for_its_friday_goes_out_on_one_to_come(client, creator, time_machine):
    money.make_commission(creator=creator)
    settlement.settle(money.NIGHT_OVER)
    time_machine.move_to(datetime(2026, 11, 28, 9, tzinfo=UTC))
    client.force_login(creator.user)  # sessions end while nobody is there

    assert steps(client)[-1] == "goes out 2026-12-04"


def test_a_line_that_waits_for_its_brand_says_so_the_same_night(client, creator):
    sale = money.make_commission(creator=creator, price=34500)
    other = money.make_commission(brand=sale.brand, price=34500)
    refunds.refund(other.order_line.brand_order.order, at=money.PAID)
    refunds.refund(sale.order_line.brand_order.order, at=money.PAID, amount=34000)
    money.book_debt(sale.brand, 2000)
    settlement.settle(money.NIGHT_OVER)

    text = client.get("/creator/earnings/").content.decode()
    assert f"Waiting for {sale.brand.name}" in text
    assert "goes out" not in text


def test_the_forecast_keeps_its_word(creator):
    at = money.PAID
    for n in range(12):
        money.make_commission(creator=creator, delivered=at + timedelta(days=n // 2))
    money.make_commission(creator=creator, delivered=None)
    paused = money.make_commission(creator=creator)
    paused.order_line.brand_order.returns.create(asked_at=at)
    commissions.reschedule(paused.order_line.brand_order)
    found = earnings.forecast(creator, at)

    assert [(row.night, row.pays_on, row.count, row.unsure) for row in found[:2]] == [
        (date(2026, 11, 17), date(2026, 11, 20), 2, 0),
        (date(2026, 11, 18), date(2026, 11, 20), 2, 0),
    ]
    assert (found[-1].night, found[-1].count, found[-1].unsure) == (date(2026, 12, 17), 1, 1)
    for row in found:
        settled = settlement.settle(clock.cutoff_of(row.night))
        assert settled.amounts == {"EUR": row.amount}
    assert earnings.forecast(creator, clock.cutoff_of(found[-1].night)) == []


def test_a_long_forecast_sums_what_is_late(creator):
    for n in range(earnings.SHOWN + 3):
        money.make_commission(creator=creator, delivered=money.PAID + timedelta(days=n))
    found = earnings.forecast(creator, money.PAID)

    assert len(found) == earnings.SHOWN + 1
    assert (found[-1].count, (found[-1].until - found[-1].night).days) == (3, 2)


def test_paging_shows_each_commission_once(client, creator):
    line = {"brand": money.make_brand(), "creator": creator}
    money.make_order(*[line] * 30)
    made = set(Commission.objects.values_list("pk", flat=True))

    seen, after = [], ""
    while True:
        context = client.get("/creator/earnings/", {"after": after}).context
        seen += [row.commission.pk for row in context["rows"]]
        after = context["cursor"]
        if not after:
            break

    assert (set(seen), len(seen), len(made)) == (made, 30, 30)


def test_the_csv_holds_every_commission_of_hers_and_of_nobody_else(client, creator):
    mine = money.make_commission(creator=creator)
    money.make_commission(creator=money.make_creator())

    body = b"".join(client.get("/creator/earnings/commissions.csv").streaming_content).decode()

    assert [line.split(",")[0] for line in body.splitlines()] == ["Number", str(mine.pk)]


BANK, TAX = "/creator/payouts/bank/", "/creator/payouts/tax/"


def bank(iban="nl91 abna 0417 1643 00", holder="Noor Visser"):
    return {"bank-iban": iban, "bank-holder": holder}


def test_a_bank_account_is_saved_checked_and_waits_48_hours(client, creator):
    response = client.post(BANK, bank())

    method = PayoutMethod.objects.get(creator=creator)
    assert response.status_code == 302
    assert (method.iban, method.name_check) == ("NL91ABNA0417164300", "match")
    assert method.usable_from - method.created_at == timedelta(hours=48)


@pytest.mark.parametrize(
    ("holder", "result"), [("N. Visser", "close"), ("Nobody Here", "none"), ("Offline", "unchecked")]
)  # fmt: skip
def test_the_name_check_is_stored(client, creator, holder, result):
    page = client.post(BANK, bank(holder=holder), follow=True).content.decode()
    assert PayoutMethod.objects.get(creator=creator).name_check == result
    assert ("Your bank account needs a look" in page) == (result == "none")
    assert ("Check your bank account" in client.get("/creator/").content.decode()) == (
        result == "none"
    )


def test_what_nobody_could_check_is_asked_again(client, creator):
    client.post(BANK, bank(holder="Offline"))
    now = PayoutMethod.objects.get().created_at
    assert payouts.check_names(now) == 0
    PayoutMethod.objects.update(holder="Noor Visser")
    assert [payouts.check_names(now), payouts.check_names(now)] == [1, 0]


def test_a_wrong_iban_keeps_what_was_typed(client, creator):
    response = client.post(BANK, bank("NL91ABNA0417164301"))

    text = response.content.decode()
    assert response.status_code == 422
    assert "NL91ABNA0417164301" in text
    assert "Noor Visser" in text
    assert not PayoutMethod.objects.exists()


@pytest.mark.parametrize(
    ("iban", "fits"),
    [("NL91ABNA0417164300", True), ("BE68 5390 0754 7034", True), ("DE89370400440532013000", True),
     ("GB29NWBK60161331926819", True), ("CH9300762011623852957", True),
     ("FR1420041010050500013M02606", True), ("AE070331234567890123456", False),
     ("BR1800360305000010009795493C1", False), ("AD1200012030200359100120", False),
     ("BE685390047034", False), ("VG611904300234573201", False), ("MCBKCWCU25727002", False),
     ("", False)],
)  # fmt: skip
def test_ibans(iban, fits):
    assert BankForm({"iban": iban, "holder": "A"}).is_valid() is fits


@pytest.mark.parametrize("path", [BANK, TAX])
def test_what_pays_is_changed_only_by_who_confirmed_a_moment_ago(client, creator, path):
    client.logout()
    creator.user.authenticator_set.all().delete()
    creator.user.set_password("long enough to keep")
    creator.user.save()
    client.force_login(creator.user)
    for answer in (client.get(path), client.post(path, bank())):
        assert answer.status_code == 302
        assert answer["Location"] == "/accounts/2fa/"  # she has none yet
    money.sign_in(client, creator.user)  # with a second factor
    assert client.get(path).status_code == 200
    session = client.session
    session["account_authentication_methods"] = session["account_authentication_methods"][:1]
    session.save()  # the password alone
    assert client.get(path)["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert not PayoutMethod.objects.exists()


def status(**changes):
    facts = {"kind": "private", "legal_name": "N. Visser", "address": "Straat 1, Utrecht",
             "birth_on": "1999-12-31", "tin": "111222333", "tin_country": "NL",
             "self_billing": "on"} | changes  # fmt: skip
    return {f"tax-{name}": value for name, value in facts.items()}


def test_a_vat_liable_creator_needs_a_number(client, creator):
    facts = status(kind="vat_liable")

    assert client.post(TAX, facts).status_code == 422
    assert client.post(TAX, facts | {"tax-kind": "private"}).status_code == 302

    assert TaxProfile.objects.get(creator=creator).kind == "private"


def test_without_consent_to_self_billing_nothing_is_saved(client, creator):
    assert client.post(TAX, status(self_billing="")).status_code == 422
    assert not TaxProfile.objects.exists()


def test_the_payout_page_names_what_the_next_payout_holds(client, creator):
    money.make_commission(creator=creator)
    settlement.settle(as_of=money.NIGHT_OVER)

    response = client.get("/creator/payouts/")

    assert response.context["payday"].amount in (0, 342)  # funded only when the brand has the money
