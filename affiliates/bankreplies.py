"""From the bank's answers to payouts: each line booked once, whatever order they come in."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from stdnum import iban

from affiliates import bankfiles, payouts, rails
from affiliates.bankfiles import BadFile
from affiliates.models import (
    BankFile,
    BankReply,
    Payout,
    PayoutAttempt,
    PayoutBatch,
    PayoutMethod,
)
from config.lib import money

logger = logging.getLogger(__name__)
Kind, Outcome, State = BankReply.Kind, BankReply.Outcome, Payout.State
INLINE = 200  # lines that an upload books by itself; more are left to the queue
NAME_CHECKS = {  # verification of payee, by the bank's status of a transaction
    "RCVC": PayoutMethod.NameCheck.MATCH,
    "RVMC": PayoutMethod.NameCheck.CLOSE,
    "RVNM": PayoutMethod.NameCheck.NONE,
    "RVNA": PayoutMethod.NameCheck.UNCHECKED,
}


class DoesNotFit(Exception):
    """A line that contradicts the payout that it names; the message says how."""


@transaction.atomic
def take(name: str, content: bytes, by: AbstractBaseUser, at: datetime) -> BankFile:
    """Store the lines of a file to be booked; the same file again is the one from before.

    Raises BadFile.
    """
    kind, replies = bankfiles.read(content)
    if not replies:
        raise BadFile(_("The file says nothing about any payment."))
    file, new = BankFile.objects.get_or_create(
        sha256=hashlib.sha256(content).hexdigest(),
        defaults={"name": name[:120], "kind": kind, "uploaded_by": by, "uploaded_at": at},
    )
    if new:
        BankReply.objects.bulk_create(
            BankReply(file=file, line=n, **_columns(reply)) for n, reply in enumerate(replies, 1)
        )
    return file


def _columns(reply: bankfiles.Reply) -> dict[str, object]:
    """Return the columns of a line; a line about another account of ours books nothing."""
    found = asdict(reply)
    account = found.pop("account")
    if account and iban.compact(account) != iban.compact(rails.debtor()["IBAN"]):
        found |= {"outcome": Outcome.REFUSED, "note": "the account is not the one we pay from"}
    return found


def book(at: datetime, file: BankFile | None = None, most: int | None = None) -> int:
    """Book up to `most` lines that wait, of one file or of all, in order; return how many.

    Each line is a transaction of its own: a call that was killed is finished by the next.
    """
    rows = BankReply.objects.filter(outcome=Outcome.WAITING).order_by("file_id", "line")
    if file is not None:
        rows = rows.filter(file=file)
    done = 0
    for pk in list(rows.values_list("pk", flat=True)[:most]):
        done += _book_one(pk, at)
    return done


@transaction.atomic
def _book_one(pk: int, at: datetime) -> bool:
    row = BankReply.objects.select_for_update().get(pk=pk)
    if row.outcome != Outcome.WAITING:
        return False
    try:
        with transaction.atomic():
            row.outcome = _outcome(row, at)
    except (DoesNotFit, payouts.NotAllowed) as error:
        row.outcome, row.note = Outcome.REFUSED, str(error)[:200]
        logger.warning("%s does not fit: %s", row, error)
    row.save(update_fields=["outcome", "note", "payout"])
    return True


def _outcome(row: BankReply, at: datetime) -> str:
    """Do what one line asks for and say what became of it."""
    if row.kind == Kind.OTHER:
        return Outcome.NOTED
    if not row.reference:
        return _whole_batch(row, at)
    attempt = PayoutAttempt.objects.filter(idempotency_key=row.reference).first()
    if attempt is None:
        return Outcome.UNKNOWN
    row.payout = payout = payouts.lock_payout(attempt.payout_id)
    _same_amount(row, payout.amount + payout.vat, payout.currency)
    if row.kind == Kind.NAME:
        return _name_check(row, payout, at)
    if payout.attempts.filter(n__gt=attempt.n).exists():
        raise DoesNotFit(_("A later attempt of this payout is on its way."))
    return {Kind.PAID: _paid, Kind.REJECTED: _rejected, Kind.RETURNED: _returned}[row.kind](
        row, payout, at
    )


def _same_amount(row: BankReply, amount: int, currency: str) -> None:
    if row.amount is not None and (row.amount, row.currency) != (amount, currency):
        said = money.display(row.amount, row.currency)
        facts = {"said": said, "sent": money.display(amount, currency)}
        raise DoesNotFit(_("The bank says %(said)s, we sent %(sent)s.") % facts)


def _reason(row: BankReply) -> str:
    return f"{row.code} {row.text}".strip() or "refused by the bank"


def _paid(row: BankReply, payout: Payout, at: datetime) -> str:
    if payout.state in (State.PAID, State.RETURNED):
        return Outcome.REPEATED
    if row.amount is None:
        raise DoesNotFit(_("The line has no amount."))
    payouts.confirm(payout, at)
    return Outcome.BOOKED


def _rejected(row: BankReply, payout: Payout, at: datetime) -> str:
    if payout.state == State.FAILED:
        return Outcome.REPEATED
    payouts.fail(payout, _reason(row), at, code=row.code)
    return Outcome.BOOKED


def _returned(row: BankReply, payout: Payout, at: datetime) -> str:
    """Book money that came back; that it had left may be told later, or not at all."""
    if payout.state in (State.RETURNED, State.FAILED):
        return Outcome.REPEATED
    if row.amount is None:
        raise DoesNotFit(_("The line has no amount."))
    payouts.returned(payouts.confirm(payout, at), _reason(row), at, code=row.code)
    return Outcome.BOOKED


def _name_check(row: BankReply, payout: Payout, at: datetime) -> str:
    if payout.method is None:
        return Outcome.NOTED
    payouts.record_name_check(payout.method, NAME_CHECKS[row.code], at)
    return Outcome.BOOKED


def _whole_batch(row: BankReply, at: datetime) -> str:
    """Do with what is still on its way of a batch what the bank says of all of it."""
    batch = _batch_named(row.message_id)
    if batch is None:
        return Outcome.UNKNOWN
    PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    open_ones = list(batch.payouts.filter(state=State.PROCESSING).order_by("id"))
    if not open_ones:
        return Outcome.REPEATED
    if row.kind == Kind.REJECTED:
        for payout in open_ones:
            payouts.fail(payout, _reason(row), at)
        return Outcome.BOOKED
    if row.amount is None:
        raise DoesNotFit(_("The line has no amount."))
    _same_amount(row, sum(one.amount + one.vat for one in open_ones), batch.currency)
    for payout in open_ones:
        payouts.confirm(payout, at)
    return Outcome.BOOKED


def _batch_named(name: str) -> PayoutBatch | None:
    """Return the batch of a message, or of its one block of payments (`rails.sepa`: …-1)."""
    found = PayoutBatch.objects.filter(message_id=name).first()
    if found is None and name.endswith("-1"):
        found = PayoutBatch.objects.filter(message_id=name.removesuffix("-1")).first()
    return found
