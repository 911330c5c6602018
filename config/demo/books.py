"""Tables that sales and money are written to, and the accounts of the ledger."""

# ruff: noqa: S608  (table names are our own)

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from affiliates import ledger
from affiliates.ledger import Owner
from affiliates.models import Attribution, LedgerEntry, RiskFlag
from config.demo.world import CURRENCY, World
from shop.models import (
    BrandOrder,
    Dispute,
    DisputeLine,
    Order,
    OrderLine,
    Payment,
    Refund,
    RefundLine,
)

STAGED = "demo_commission"  # commissions wait here until their nights are known
ENTRIES = "demo_entry"  # ledger entries wait here until they can be written in order of time


@dataclass(slots=True)
class Books:
    """Adds rows of sales; knows the id of every account."""

    world: World

    def __post_init__(self) -> None:
        table = self.world.copier.table
        table(
            Order,
            "id number checkout_key token_hash status currency buyer_id email name address"
            " postal_code city country phone language referral payment_fingerprint"
            " own_shop placed_at paid_at cancelled_at expires_at",
        )
        table(
            BrandOrder,
            "id order_id brand_id seller shipping_gross shipping_tax"
            " shipping_refunded shipping_charged_back return_days paid_at shipped_at"
            " track_url delivered_at",
        )
        table(
            OrderLine,
            "id brand_order_id variant_id title options withdrawal quantity"
            " unit_price discount tax_bp gross tax fee_bp touch refunded"
            " refunded_gross charged_back charged_back_gross",
        )
        table(Refund, "id order_id reference amount currency reason created_at")
        table(RefundLine, "id refund_id brand_order_id order_line_id gross tax")
        table(
            Dispute,
            "id order_id reference amount currency state opened_at withdrawn_at reinstated_at",
        )
        table(DisputeLine, "id dispute_id brand_order_id order_line_id gross tax already_refunded")
        table(
            Payment,
            "id order_id gateway kind amount currency reference event_id refund_id"
            " dispute_id external created_at",
        )
        table(
            Attribution,
            "id order_line_id link_id creator_id collaboration_id clicked_at"
            " expires_at rate_bp rule touches created_at",
        )
        table(RiskFlag, "id rule creator_id subject evidence evidence_hash state reason opened_at")
        table(ENTRIES, "n kind debit_id credit_id amount currency source_kind source_id posted_at")
        table(
            STAGED,
            "id kind state creator_id brand_id collaboration_id link_id order_line_id"
            " refund_line_id dispute_line_id reverses_id base rate_bp amount currency"
            " due_at flag_id created_at night",
        )
        with connection.cursor() as cursor:
            cursor.execute(f"create temporary table {STAGED} ({STAGED_COLUMNS}) on commit drop")
            cursor.execute(f"create temporary table {ENTRIES} ({ENTRY_COLUMNS}) on commit drop")

    def open_accounts(self) -> "Accounts":
        """Open the platform's accounts and every brand's."""
        owners = [ledger.CLEARING, ledger.BANK, ledger.IN_TRANSIT, ledger.REVENUE, ledger.VAT]
        brands = [ledger.brand(shop.id) for shop in self.world.shops]
        ids = ledger.accounts([(owner, CURRENCY) for owner in [*owners, *brands]])
        return Accounts({owner: pk for (owner, _currency), pk in ids.items()})


STAGED_COLUMNS = """
    id bigint, kind text, state text, creator_id bigint, brand_id bigint, collaboration_id bigint,
    link_id bigint, order_line_id bigint, refund_line_id bigint, dispute_line_id bigint,
    reverses_id bigint, base bigint, rate_bp int, amount bigint, currency text,
    due_at timestamptz, flag_id bigint, created_at timestamptz, night date
"""
ENTRY_COLUMNS = """
    n bigint, kind text, debit_id bigint, credit_id bigint, amount bigint, currency text,
    source_kind text, source_id bigint, posted_at timestamptz
"""


@dataclass(slots=True)
class Accounts:
    ids: dict[Owner, int]

    def brand(self, brand_id: int) -> int:
        return self.ids[ledger.brand(brand_id)]


def entry(
    world: World, kind: str, debit: int, credit: int, amount: int,
    source_kind: str, source_id: int, at: datetime,
) -> None:  # fmt: skip
    """Add one ledger entry; nothing for nothing, the other way round for a negative amount."""
    if amount < 0:
        debit, credit, amount = credit, debit, -amount
    if amount:
        world.entries += 1
        world.copier.add(
            ENTRIES, world.entries, kind, debit, credit, amount, CURRENCY,
            source_kind, source_id, at,
        )  # fmt: skip


def write_entries() -> None:
    """Write the ledger in order of time, as it would have grown."""
    columns = "kind, debit_id, credit_id, amount, currency, source_kind, source_id, posted_at"
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {LedgerEntry._meta.db_table} ({columns})"
            f" select {columns} from {ENTRIES} order by posted_at, n"
        )
