"""The bank's answers: booked once, in any order; what does not fit books nothing and is shown."""

import copy
import itertools
from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from affiliates import bankfiles, bankreplies, ledger, mails, payouts, settlement
from affiliates.models import BankFile, BankReply
from tests.affiliates import factories as money
from tests.affiliates.test_payouts import FRIDAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
OURS = "NL02ABNA0123456789"


def status(batch, *ones, group="", space="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"):
    """A pain.002 about `batch`; `ones`: (reference, status, code, words)."""
    rows = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{state}</TxSts>"
        f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn><AddtlInf>{words}</AddtlInf></StsRsnInf></TxInfAndSts>"
        for reference, state, code, words in ones
    )
    part = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{batch}-1</OrgnlPmtInfId>{rows}</OrgnlPmtInfAndSts>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{space}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>B1</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{batch}</OrgnlMsgId>"
        f"<GrpSts>{group or 'PART'}</GrpSts></OrgnlGrpInfAndSts>{part if rows else ''}"
        "</CstmrPmtStsRpt></Document>"
    ).encode()


def notice(*entries, account=OURS):
    """A camt.054 of our account."""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">'
        f"<BkToCstmrDbtCdtNtfctn><Ntfctn><Id>1</Id><Acct><Id><IBAN>{account}</IBAN></Id></Acct>"
        f"{''.join(entries)}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def entry(reference, amount, side="DBIT", code="", sts="<Sts><Cd>BOOK</Cd></Sts>"):
    came_back = f"<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>" if code else ""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{sts}<NtryDtls><TxDtls>'
        f"<Refs><EndToEndId>{reference}</EndToEndId></Refs>{came_back}</TxDtls></NtryDtls></Ntry>"
    )


def whole(message_id, amount):
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls>'
        f"<Btch><PmtInfId>{message_id}-1</PmtInfId></Btch></NtryDtls></Ntry>"
    )


@pytest.fixture
def admin():
    return money.make_user(is_staff=True, is_superuser=True)


@pytest.fixture(scope="module")
def sent_once(shared_rows):
    """Three payouts of €34.21 on their way, and their batch."""
    with shared_rows():
        for _n in range(3):
            money.make_payable(money.make_commission(price=34500).creator)
        settlement.settle(money.NIGHT_OVER)
        (batch,) = payouts.build(FRIDAY)
        payouts.approve(batch, money.make_user(is_staff=True, is_superuser=True), FRIDAY)
        payouts.export(batch, money.make_user(is_staff=True), FRIDAY)
        batch.refresh_from_db()
        return batch


@pytest.fixture
def sent(sent_once):
    return copy.deepcopy(sent_once)


def references(batch):
    rows = batch.payouts.order_by("id").values_list("attempts__idempotency_key", flat=True)
    return list(rows)


def book(admin, content, name="answer.xml"):
    file = bankreplies.take(name, content, admin, FRIDAY)
    bankreplies.book(FRIDAY, file)
    return list(file.replies.values_list("outcome", flat=True))


def states(batch):
    return list(batch.payouts.order_by("id").values_list("state", flat=True))


def balance(payout) -> int:
    return ledger.balance(ledger.creator(payout.creator_id), "EUR")


def test_a_rejection_gives_the_money_back_and_stops_the_account(sent, admin):
    first, second, _third = references(sent)
    content = status(
        sent.message_id, (first, "RJCT", "AC04", "Account closed"), (second, "ACSP", "", "")
    )
    assert book(admin, content) == ["booked", "noted", "noted"]

    payout = sent.payouts.order_by("id").first()
    assert states(sent) == ["failed", "processing", "processing"]
    assert (payout.reason, balance(payout)) == ("AC04 Account closed", 3421)
    assert payout.attempts.get().state == "failed"
    assert payout.method.refused == "AC04"
    assert payouts.build(FRIDAY) == []  # the same account would fail again


def test_the_creator_is_told_why_and_what_to_do(sent, admin, client):
    payout = sent.payouts.order_by("id").first()
    book(admin, status(sent.message_id, (references(sent)[0], "RJCT", "AC04", "")))

    assert [mails.payouts_back(FRIDAY), mails.payouts_back(FRIDAY)] == [1, 0]
    assert "The account is closed." in mail.outbox[0].body
    money.sign_in(client, payout.creator.user, second_factor=False)
    page = client.get("/creator/payouts/").content.decode()
    assert "The account is closed." in page
    assert "Your bank account needs a look" in page
    assert "Check your bank account" in client.get("/creator/").content.decode()

    payouts.change_method(payout.creator, "BE68539007547034", "A. Person", FRIDAY)
    later = FRIDAY + timedelta(days=7)
    assert [row.amount for batch in payouts.build(later) for row in batch.payouts.all()] == [3421]


def test_confirmations_pay_and_returns_give_back(sent, admin):
    first, second, third = references(sent)
    content = notice(entry(first, "34.21"), entry(second, "34.21"), entry(third, "34.21"))
    assert book(admin, content) == ["booked"] * 3
    sent.refresh_from_db()
    assert (states(sent), sent.state) == (["paid"] * 3, "closed")
    assert ledger.balance(ledger.BANK, "EUR") == 3 * 3421

    assert book(admin, notice(entry(first, "34.21", "CRDT", code="MS03"))) == ["booked"]
    assert states(sent) == ["returned", "paid", "paid"]
    assert balance(sent.payouts.order_by("id").first()) == 3421
    assert ledger.balance(ledger.BANK, "EUR") == 2 * 3421


def test_a_batch_that_the_bank_books_as_one(sent, admin):
    book(admin, status(sent.message_id, (references(sent)[0], "RJCT", "MS03", "")))
    assert book(admin, notice(whole(sent.message_id, "102.63"))) == ["refused"]
    assert BankReply.objects.order_by("id").last().note == "The bank says €102.63, we sent €68.42."
    assert book(admin, notice(whole(sent.message_id, "68.42"))) == ["booked"]
    assert states(sent) == ["failed", "paid", "paid"]


def test_a_batch_rejected_as_a_whole(sent, admin):
    assert book(admin, status(sent.message_id, group="RJCT")) == ["booked"]
    assert states(sent) == ["failed"] * 3
    assert len(payouts.build(FRIDAY)) == 1


def test_any_order_of_the_same_answers_ends_the_same(sent, admin):
    reference = references(sent)[0]
    files = [
        notice(entry(reference, "34.21")),
        notice(entry(reference, "34.21", "CRDT", code="AC06")),
        notice(entry(reference, "34.21"), entry("other", "1.00")),
    ]
    ends = set()
    for order in itertools.permutations(files):
        with transaction.atomic():
            for content in order:
                book(admin, content)
            payout = sent.payouts.order_by("id").first()
            ends.add((payout.state, balance(payout)))
            transaction.set_rollback(True)
    assert ends == {("returned", 3421)}


def test_the_same_file_twice_is_one(sent, admin):
    content = notice(entry(references(sent)[0], "34.21"))
    assert book(admin, content) == book(admin, content, "again.xml") == ["booked"]
    assert BankFile.objects.count() == 1
    # The same booking in another file changes nothing either.
    assert book(admin, content + b"\n") == ["repeated"]
    assert ledger.balance(ledger.BANK, "EUR") == 3421


def test_what_does_not_fit_books_nothing(sent, admin):
    reference = references(sent)[0]
    pending = "<Sts><Cd>PDNG</Cd></Sts>"
    content = notice(
        entry(reference, "34.20"),
        entry("thousand-payout-99999-1", "34.21"),
        entry(reference, "34.21", sts=pending),
        entry("NOTPROVIDED", "12.00", "CRDT"),
    )
    assert book(admin, content) == ["refused", "unknown", "noted", "noted"]
    other = notice(entry(reference, "34.21"), account="NL91ABNA0417164300")
    assert book(admin, other) == ["refused"]
    assert states(sent) == ["processing"] * 3
    assert ledger.balance(ledger.BANK, "EUR") == 0


def test_a_rejection_of_what_is_paid_is_for_a_person(sent, admin):
    reference = references(sent)[0]
    book(admin, notice(entry(reference, "34.21")))
    rejected = status(sent.message_id, (reference, "RJCT", "AC04", ""))
    assert book(admin, rejected) == ["refused", "noted"]
    assert states(sent)[0] == "paid"


@pytest.mark.parametrize(
    ("code", "result"), [("RCVC", "match"), ("RVMC", "close"), ("RVNM", "none")]
)
def test_name_checks_of_the_bank_are_kept(sent, admin, code, result):
    reference = references(sent)[0]
    content = status(sent.message_id, (reference, code, "", ""), group="RVCM")
    assert book(admin, content) == ["booked", "noted"]
    method = sent.payouts.order_by("id").first().method
    assert (method.name_check, method.name_checked_at) == (result, FRIDAY)
    assert states(sent) == ["processing"] * 3


def test_a_flavour_of_another_bank_is_read():
    space = "http://www.six-interbank-clearing.com/de/pain.002.001.03.ch.02.xsd"
    kind, (line,) = bankfiles.read(status("MsgId-001", group="ACTC", space=space))
    assert (kind, line.kind, line.message_id, line.code) == (
        "pain.002", "other", "MsgId-001", "ACTC",
    )  # fmt: skip


BOMB = b'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", BOMB, b"<Document/>", b"<a>" + b"x" * bankfiles.MAX_BYTES + b"</a>",
     notice(entry("x", "1.234")), notice(entry("x", "NaN")), notice(), "<a/>".encode("utf-16")],
)  # fmt: skip
def test_what_is_no_answer_of_a_bank_is_refused(admin, content):
    with pytest.raises(bankfiles.BadFile):
        bankreplies.take("x.xml", content, admin, FRIDAY)
    assert not BankFile.objects.exists()


def test_long_files_go_on_where_they_were_left(sent, admin):
    content = notice(*(entry(one, "34.21") for one in references(sent)))
    file = bankreplies.take("x.xml", content, admin, FRIDAY)
    assert bankreplies.book(FRIDAY, file, most=2) == 2
    assert bankreplies.book(FRIDAY) == 1
    assert bankreplies.book(FRIDAY) == 0
    assert states(sent) == ["paid"] * 3


# ------------------------------------------------------------------ the desk

UPLOAD = "/admin/affiliates/bankfile/add/"


def test_finance_uploads_with_a_second_factor(sent, admin, client):
    first, _second, third = references(sent)
    content = notice(entry(first, "34.21"), entry("nobody", "9.99"), entry(third, "34.00"))
    file = SimpleUploadedFile("bank.xml", content, "text/xml")
    money.sign_in(client, admin)
    answer = client.post(UPLOAD, {"file": file}, follow=True)
    page = answer.content.decode()
    for text in ("2 lines need a look", "not one of our payouts", "we sent €34.21", "nobody"):
        assert text in page
    assert states(sent) == ["paid", "processing", "processing"]

    answer = client.post(UPLOAD, {"file": SimpleUploadedFile("bank.txt", b"hello")})
    assert (answer.status_code, b"not plain XML" in answer.content) == (422, True)


def test_nobody_else_uploads(client):
    staff = money.make_user(is_staff=True)
    money.sign_in(client, staff)
    assert client.get(UPLOAD).status_code == 403
    boss = money.make_user(is_staff=True, is_superuser=True)
    money.sign_in(client, boss)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    answer = client.get(UPLOAD)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/2fa/reauthenticate/")
