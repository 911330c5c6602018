"""What the bank answers, read from its files: pain.002 (status) and camt.054 (bookings).

Every version and national flavour of the two is read by its element names alone; what a line
leads to is decided in `bankreplies`. Codes: ISO 20022 external code sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _

from affiliates.models import BankReply
from config.lib import money

MAX_BYTES = 5_000_000
STATUS, BOOKINGS = "pain.002", "camt.054"
REJECTED = "RJCT"
NAME_CHECKS = frozenset({"RCVC", "RVMC", "RVNM", "RVNA"})  # per transaction: verification of payee

Kind = BankReply.Kind


class BadFile(Exception):
    """A file that is none of the bank's answers; the message can be shown."""


@dataclass(frozen=True)
class Reply:
    """One line of a file. Without a reference it is about the whole batch `message_id`."""

    kind: str
    reference: str = ""
    message_id: str = ""
    amount: int | None = None
    currency: str = ""
    code: str = ""
    text: str = ""
    account: str = ""  # our account that the bank speaks of; empty in a pain.002


def read(content: bytes) -> tuple[str, list[Reply]]:
    """Return the kind of a file and its lines in order. Raises BadFile."""
    if len(content) > MAX_BYTES:
        raise BadFile(_("The file has more than %(n)d MB.") % {"n": MAX_BYTES // 1_000_000})
    try:
        document = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BadFile(_("The file is not plain XML.")) from error
    if (report := document.find("{*}CstmrPmtStsRpt")) is not None:
        return STATUS, list(_statuses(report))
    if (notice := document.find("{*}BkToCstmrDbtCdtNtfctn")) is not None:
        return BOOKINGS, list(_bookings(notice))
    raise BadFile(_("The file is neither a pain.002 nor a camt.054."))


def _text(node: Element, *paths: str) -> str:
    """Return the text of the first of `paths` (A/B/C, any namespace) that has one."""
    for path in paths:
        found = node.find("/".join(f"{{*}}{part}" for part in path.split("/")))
        if found is not None and (found.text or "").strip():
            return found.text.strip()
    return ""


def _all(node: Element, name: str) -> list[Element]:
    return node.findall(f"{{*}}{name}")


def _amount(node: Element, *paths: str) -> tuple[int | None, str]:
    """Return minor units and currency of the first of `paths` that is an amount."""
    for path in paths:
        found = node.find("/".join(f"{{*}}{part}" for part in path.split("/")))
        if found is None or not (found.text or "").strip():
            continue
        currency = found.get("Ccy", "")
        try:
            return money.parse(found.text, currency), currency
        except money.BadAmount as error:
            raise BadFile(str(error)) from error
    return None, ""


def _reason(node: Element) -> tuple[str, str]:
    """Return code and words of why something was rejected or sent back."""
    for name in ("StsRsnInf", "RtrInf"):
        for part in _all(node, name):
            words = " ".join((line.text or "").strip() for line in _all(part, "AddtlInf"))
            return _text(part, "Rsn/Cd", "Rsn/Prtry")[:12], words.strip()[:200]
    return "", ""


# ------------------------------------------------------------------ pain.002


def _statuses(report: Element) -> Iterator[Reply]:
    """Yield transactions first, then what is said of a whole batch: it covers the rest."""
    for group in _all(report, "OrgnlGrpInfAndSts"):
        message_id = _text(group, "OrgnlMsgId")[:35]
        for part in _all(report, "OrgnlPmtInfAndSts"):
            for one in _all(part, "TxInfAndSts"):
                yield _of_transaction(one, message_id)
            if _text(part, "PmtInfSts"):
                yield _of_batch(part, message_id, _text(part, "PmtInfSts"))
        if _text(group, "GrpSts"):
            yield _of_batch(group, message_id, _text(group, "GrpSts"))


def _of_transaction(one: Element, message_id: str) -> Reply:
    status = _text(one, "TxSts")
    code, words = _reason(one)
    amount, currency = _amount(one, "OrgnlTxRef/Amt/InstdAmt")
    kind = Kind.OTHER
    if status == REJECTED:
        kind = Kind.REJECTED
    elif status in NAME_CHECKS:
        kind = Kind.NAME
    return Reply(
        kind, _text(one, "OrgnlEndToEndId")[:35], message_id, amount, currency,
        code if kind == Kind.REJECTED else status[:12], words,
    )  # fmt: skip


def _of_batch(node: Element, message_id: str, status: str) -> Reply:
    code, words = _reason(node)
    if status == REJECTED:
        return Reply(Kind.REJECTED, "", message_id, code=code, text=words)
    return Reply(Kind.OTHER, "", message_id, code=status[:12], text=words)


# ------------------------------------------------------------------ camt.054


def _bookings(notice: Element) -> Iterator[Reply]:
    for part in _all(notice, "Ntfctn"):
        account = _text(part, "Acct/Id/IBAN")
        for entry in _all(part, "Ntry"):
            yield from _of_entry(entry, account)


def _of_entry(entry: Element, account: str) -> Iterator[Reply]:
    """Yield the payments of one entry; one that names none is about a whole batch."""
    is_booked = _text(entry, "Sts/Cd", "Sts") == "BOOK"
    is_debit = _text(entry, "CdtDbtInd") == "DBIT"
    reversal = _text(entry, "RvslInd").lower() == "true"
    ones = [one for details in _all(entry, "NtryDtls") for one in _all(details, "TxDtls")]
    whole = _amount(entry, "Amt")
    for one in ones:
        amount, currency = _amount(
            one, "AmtDtls/InstdAmt/Amt", "AmtDtls/TxAmt/Amt", "Amt"
        )  # fmt: skip
        if amount is None and len(ones) == 1:
            amount, currency = whole
        code, words = _reason(one)
        came_back = one.find("{*}RtrInf") is not None or reversal
        yield Reply(
            _booked_kind(is_booked, is_debit, came_back),
            _text(one, "Refs/EndToEndId")[:35],
            _text(one, "Refs/MsgId", "Refs/PmtInfId")[:35],
            amount, currency, code, words, account,
        )  # fmt: skip
    if not ones:
        batch = entry.find("{*}NtryDtls/{*}Btch")
        message_id = _text(entry if batch is None else batch, "MsgId", "PmtInfId", "NtryRef")
        kind = _booked_kind(is_booked, is_debit, reversal)
        yield Reply(
            Kind.OTHER if kind == Kind.RETURNED else kind,
            "", message_id[:35], *whole, account=account,
        )  # fmt: skip


def _booked_kind(is_booked: bool, is_debit: bool, came_back: bool) -> str:
    """Money that left is paid, money that came back is returned, the rest is not about payouts."""
    if not is_booked:
        return Kind.OTHER
    if is_debit:
        return Kind.OTHER if came_back else Kind.PAID
    return Kind.RETURNED if came_back else Kind.OTHER
