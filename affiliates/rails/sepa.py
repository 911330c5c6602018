"""SEPA credit transfers: a pain.001 file, valid against its ISO 20022 schema.

Banks take version .09 since 2023; PAYOUT_SCHEMA chooses .03 for one that does not.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from xml.etree import ElementTree

from django.conf import settings
from django.utils.translation import gettext as _
from sepaxml import SepaTransfer
from sepaxml.validation import ValidationError, try_valid_xml
from stdnum import iban

from affiliates.models import Payout, PayoutBatch
from affiliates.rails.base import Document, Refused, reference
from config.lib import money

SCHEMA, OLD_SCHEMA = "pain.001.001.09", "pain.001.001.03"
MINIMUM = 10  # whole units
COUNTRIES = frozenset(  # of IBANs that a SEPA transfer reaches (EPC list, 2026)
    """AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK
    MT NL NO PL PT RO RS SE SI SK SM VA""".split()
)
DEMO_ACCOUNT = {"name": "Thousand demo", "IBAN": "NL02ABNA0123456789"}


class Sepa:
    """Euro payouts through the bank's own file upload."""

    name = "sepa"
    sends = False
    pays_creators = True

    def carries(self, currency: str) -> bool:
        return currency == "EUR"

    def minimum(self, currency: str) -> int:
        return MINIMUM * 10 ** money.exponent(currency)

    def schema(self) -> str:
        return settings.PAYOUT_SCHEMA

    def debtor(self) -> dict[str, str]:
        return debtor()

    def document(self, batch: PayoutBatch, payouts: list[Payout]) -> Document:
        """Return the batch as XML; amounts are what the bank moves, VAT included."""
        schema = batch.file_schema or self.schema()
        if batch.currency != "EUR":
            raise Refused(_("SEPA carries EUR, this batch is in %s.") % batch.currency)
        if not payouts:
            raise Refused(_("The batch holds no payout."))
        file = SepaTransfer(
            {**(batch.file_debtor or debtor()), "currency": "EUR", "batch": True},
            schema=schema,
            clean=True,
        )
        file.msg_id = batch.message_id
        for payout in payouts:
            file.add_payment(
                {
                    "name": payout.method.holder,
                    "IBAN": iban.compact(payout.method.iban),
                    "amount": payout.amount + payout.vat,
                    "execution_date": batch.pay_on,
                    "description": f"Thousand payout {payout.pk}",
                    "endtoend_id": reference(payout)[:35],
                }
            )
        content = _fixed(file.export(validate=False), batch, schema)
        try:
            try_valid_xml(content, schema)
        except ValidationError as error:
            facts = {"schema": schema, "error": error}
            raise Refused(_("The file breaks %(schema)s: %(error)s") % facts) from error
        return Document(f"{batch.message_id}.xml", "application/xml", content)


def debtor() -> dict[str, str]:
    """Return our own bank account."""
    account = dict(getattr(settings, "PAYOUT_ACCOUNT", None) or {})
    if account.get("IBAN"):
        return account
    if settings.DEMO:
        return dict(DEMO_ACCOUNT)
    raise Refused(_("Set PAYOUT_NAME and PAYOUT_IBAN: the account that payouts leave from."))


def _fixed(content: bytes, batch: PayoutBatch, schema: str) -> bytes:
    """Put the batch's own moment and ids in the header, so that its file never differs."""
    name = f"urn:iso:std:iso:20022:tech:xsd:{schema}"
    space = f"{{{name}}}"
    document = ElementTree.fromstring(content)  # noqa: S314 (our own file)
    moments = document.iter(f"{space}CreDtTm")
    headers = document.iter(f"{space}GrpHdr")
    for header in headers:
        header.find(f"{space}MsgId").text = batch.message_id
    for moment in moments:
        moment.text = batch.built_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for n, part in enumerate(document.iter(f"{space}PmtInfId"), 1):
        part.text = f"{batch.message_id[:30]}-{n}"
    for part in document.iter():  # no prefixes: some banks know none
        part.tag = part.tag.removeprefix(space)
    document.set("xmlns", name)
    body = ElementTree.tostring(document, "utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>' + body


def digest(document: Document) -> str:
    return hashlib.sha256(document.content).hexdigest()
