"""The demo rail: a list that no bank reads."""

from __future__ import annotations

import csv
import io

from affiliates.models import Payout, PayoutBatch
from affiliates.rails.base import Document, reference
from config.lib import money


class Fake:
    """Pays nobody; refused in live mode by `rails.named`."""

    name = "fake"
    sends = False
    pays_creators = True

    def carries(self, currency: str) -> bool:
        return True

    def minimum(self, currency: str) -> int:
        return 10 * 10 ** money.exponent(currency)

    def schema(self) -> str:
        return "csv"

    def debtor(self) -> None:
        return None

    def document(self, batch: PayoutBatch, payouts: list[Payout]) -> Document:
        file = io.StringIO()
        rows = csv.writer(file)
        rows.writerow(["reference", "creator", "amount", "currency"])
        for payout in payouts:
            total = money.decimal(payout.amount + payout.vat, payout.currency)
            rows.writerow([reference(payout), payout.creator_id, total, payout.currency])
        return Document(f"{batch.message_id}.csv", "text/csv", file.getvalue().encode())
