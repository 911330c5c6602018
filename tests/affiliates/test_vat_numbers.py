"""VAT numbers: VIES is asked, its answer kept, and VAT only paid on a number that it knows."""

from datetime import timedelta

import pytest

from affiliates import payday, payouts, settlement, tax, vatnumbers
from affiliates.models import Payout, PayoutBatch, SelfBill, TaxProfile, VatCheck
from tests.affiliates import factories as money
from tests.affiliates.test_payouts import FRIDAY
from tests.affiliates.vies_fake import register

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
NUMBER = "NL000099998B57"


def numbered(number=NUMBER, kind="vat_liable"):
    """A creator with €34.21 to be paid, who has just told her VAT number."""
    creator = money.make_creator()
    money.make_payable(creator)
    money.make_commission(creator, price=34500)
    settlement.settle(money.NIGHT_OVER)
    facts = {"kind": kind, "legal_name": "A. Person", "address": "Road 2", "vat_number": number}
    tax.change_profile(creator, money.PAID, **facts)
    return creator


def hurdle(creator):
    return payday.of(creator, "EUR", FRIDAY).hurdle


def test_a_known_number_is_kept_with_its_consultation_and_paid_on(settings):
    creator = numbered()
    assert (hurdle(creator), payouts.build(FRIDAY)) == ("vat_waits", [])
    with register(settings, **{NUMBER: True}) as vies:
        assert [vatnumbers.check_due(FRIDAY), vatnumbers.check_due(FRIDAY)] == [1, 0]
    assert vies.asked == [
        {"countryCode": "NL", "vatNumber": "000099998B57",
         "requesterMemberStateCode": "NL", "requesterNumber": "999999990B01"}
    ]  # fmt: skip
    row = VatCheck.objects.get()
    assert (row.state, row.consultation, row.checked_at) == ("valid", "WAPIAAAA00000001", FRIDAY)
    (batch,) = payouts.build(FRIDAY)
    assert batch.payouts.get().vat == 718
    admins = [money.make_user(is_staff=True), money.make_user(is_staff=True)]
    payouts.approve(batch, admins[0], FRIDAY)
    payouts.export(batch, admins[1], FRIDAY)
    payouts.confirm_batch(batch, FRIDAY)
    assert SelfBill.objects.get().facts["vat_check"]["consultation"] == "WAPIAAAA00000001"


@pytest.mark.parametrize("said", [False, "INVALID_INPUT"])
def test_an_unknown_number_is_a_to_do_and_waits(settings, client, said):
    creator = numbered()
    with register(settings, **{NUMBER: said}):
        assert vatnumbers.check_due(FRIDAY) == 1
    assert (hurdle(creator), payouts.build(FRIDAY)) == ("vat_number", [])
    money.sign_in(client, creator.user, second_factor=False)
    assert "Your VAT number is not confirmed" in client.get("/creator/").content.decode()


@pytest.mark.parametrize("said", ["MS_UNAVAILABLE", "MS_MAX_CONCURRENT_REQ", "GARBLED", 500])
def test_no_answer_is_asked_again_and_refuses_nobody(settings, said):
    creator = numbered()
    with register(settings, **{NUMBER: said}) as vies:
        assert vatnumbers.check_due(FRIDAY) == 0
        row = VatCheck.objects.get()
        assert (row.state, row.tries, bool(row.reason)) == ("unavailable", 1, True)
        assert (hurdle(creator), row.next_at) == ("vat_waits", FRIDAY + timedelta(minutes=2))
        assert (vatnumbers.check_due(FRIDAY), len(vies.asked)) == (0, 1)
        vies.known[NUMBER] = True
        assert vatnumbers.check_due(row.next_at) == 1
    assert hurdle(creator) == ""


def test_nobody_listening_is_no_answer(settings):
    numbered()
    settings.VIES_API_URL = "http://127.0.0.1:9"
    assert (vatnumbers.check_due(FRIDAY), VatCheck.objects.get().state) == (0, "unavailable")


def test_what_vies_once_said_stays_while_it_is_silent(settings):
    creator = numbered()
    with register(settings, **{NUMBER: True}) as vies:
        vatnumbers.check_due(FRIDAY)
        later = FRIDAY + vatnumbers.AGAIN
        vies.known[NUMBER] = "MS_UNAVAILABLE"
        vatnumbers.check_due(later)
        assert (VatCheck.objects.get().state, hurdle(creator)) == ("valid", "")
        vies.known[NUMBER] = False
        assert vatnumbers.check_due(later + timedelta(days=1)) == 1
    assert VatCheck.objects.get().state == "invalid"


def test_greece_is_asked_about_by_its_own_letters(settings):
    numbered("EL094259216", "eu_reverse")
    with register(settings, EL094259216=True) as vies:
        vatnumbers.check_due(FRIDAY)
    assert vies.asked[0]["countryCode"] == "EL"


def test_a_private_person_has_no_number_to_ask_about():
    creator = money.make_creator()
    facts = {"kind": "private", "legal_name": "A", "address": "B", "vat_number": ""}
    tax.change_profile(creator, money.PAID, **facts)
    assert (vatnumbers.check_due(FRIDAY), VatCheck.objects.count()) == (0, 0)


def test_a_number_from_before_is_found_and_asked_about(settings):
    TaxProfile.objects.create(
        creator=money.make_creator(), kind="vat_liable", legal_name="A", address="B", country="NL",
        vat_number=NUMBER, effective_from=money.PAID, self_billing_accepted_at=money.PAID,
    )  # fmt: skip
    with register(settings, **{NUMBER: True}):
        assert vatnumbers.check_due(FRIDAY) == 1


def test_who_lacks_something_is_left_out_and_the_others_are_paid():
    waiting = numbered()
    for lacks in ("", "identity", "tax"):
        creator = money.make_creator()
        money.make_payable(creator)
        money.make_commission(creator, price=34500)
        if lacks == "identity":
            creator.tax_identity.delete()
        if lacks == "tax":
            creator.tax_profiles.all().delete()
    settlement.settle(money.NIGHT_OVER + timedelta(days=1))
    payouts.build(FRIDAY)
    assert Payout.objects.count() == 1
    told = PayoutBatch.objects.get().left_out
    assert {why: one["count"] for why, one in told.items()} == {
        "identity": 1, "tax": 1, "vat_number": 1
    }  # fmt: skip
    assert told["vat_number"]["creators"] == [waiting.pk]
