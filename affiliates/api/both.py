"""What tokens of both sides may read: themselves, and statements of the account."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from ninja import Path, Query, Router

from affiliates import ledger, statements
from affiliates.api import paging
from affiliates.api.brand import After, Limit
from affiliates.api.problems import Problem
from affiliates.api.schemas import both as schemas
from affiliates.api.schemas.shared import Money
from affiliates.api.tokens import Token
from affiliates.models import Account

router = Router(tags=["Both"])
Month = Annotated[str, Path(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="YYYY-MM")]
Currency = Annotated[
    str, Query(pattern=r"^([A-Z]{3})?$", description="Where the account has several.")
]


@router.get("/token", response=schemas.TokenOut, auth=Token())
def token(request: HttpRequest):
    """What this token is and may do."""
    row = request.auth
    owner = row.brand.slug if row.brand else row.creator.handle
    side = "brand" if row.brand else "creator"
    return {
        "name": row.name, "side": side, "owner": owner, "scopes": row.scopes,
        "expires_at": row.expires_at,
    }  # fmt: skip


@router.get("/statements", response=schemas.MonthList, auth=Token("statements:read"))
def statement_months(request: HttpRequest):
    """The months of your account, newest first, in each of its currencies."""
    now = timezone.now()
    found = [
        {"month": f"{month:%Y-%m}", "currency": account.currency}
        for account in _accounts(request).values()
        for month in statements.months(account, now)
    ]
    return {"data": sorted(found, key=lambda row: (row["month"], row["currency"]), reverse=True)}


@router.get("/statements/{month}", response=schemas.StatementOut, auth=Token("statements:read"))
def statement(request: HttpRequest, month: Month, currency: Currency = ""):
    """One month: what the account held before and after, and sums by kind of entry."""
    account, day = _asked(request, month, currency)
    found = statements.of(account, account.currency, day)

    def money(amount: int) -> Money:
        return Money.of(amount, account.currency)

    sums = ledger.sums(account.pk, found.since, found.until)[1]
    return {
        "month": month, "opening": money(found.opening), "closing": money(found.closing),
        "sums": [
            {"kind": kind, "count": count, "amount": money(sum_)} for kind, count, sum_ in sums
        ],
    }  # fmt: skip


@router.get(
    "/statements/{month}/entries", response=schemas.EntryPage, auth=Token("statements:read")
)
def statement_entries(
    request: HttpRequest,
    month: Month,
    currency: Currency = "",
    after: After = "",
    limit: Limit = paging.LIMIT,
):
    """The entries of one month, oldest first, each with the balance after it."""
    account, day = _asked(request, month, currency)
    found = statements.of(account, account.currency, day)
    lines = ledger.page(
        account.pk, found.since, found.until, found.opening, after=_place(after), size=limit + 1
    )
    page, last = lines[:limit], lines[limit - 1] if len(lines) > limit else None
    cursor = paging.encode("entries", last.posted_at.isoformat(), last.id) if last else None
    return {
        "data": [
            {
                "id": line.id, "posted_at": line.posted_at, "kind": line.kind,
                "amount": Money.of(line.amount, account.currency),
                "balance": Money.of(line.balance, account.currency),
                "source_kind": line.source_kind, "source_id": line.source_id,
            }
            for line in page
        ],
        "next": cursor,
    }  # fmt: skip


def _place(after: str):
    if not after:
        return None
    moment, pk = paging.decode("entries", after, 2)
    try:
        at = parse_datetime(str(moment))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Problem("bad-cursor")
    return at, paging.whole(pk)


def _accounts(request: HttpRequest) -> dict[str, Account]:
    row = request.auth
    if row.brand:
        own = Account.objects.filter(kind=Account.Kind.BRAND_BALANCE, brand=row.brand)
    else:
        own = Account.objects.filter(kind=Account.Kind.CREATOR_BALANCE, creator=row.creator)
    return {account.currency: account for account in own.order_by("currency")}


def _asked(request: HttpRequest, month: str, currency: str) -> tuple[Account, date]:
    """Return the account and the first day of the month that an address asks for, or 404."""
    accounts = _accounts(request)
    account = accounts.get(currency or ("EUR" if "EUR" in accounts else next(iter(accounts), "")))
    day = date.fromisoformat(f"{month}-01")
    if account is None or day not in statements.months(account, timezone.now()):
        raise Http404
    return account, day
