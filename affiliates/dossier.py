"""All that we hold on one person, for her to read and take along (GDPR art. 15 and 20).

PARTS says which tables speak of a person, by which path, and what is left out of a row; LEFT says
of every other table why it is not in it. A test holds the two against the models, so that a new
table has to take a side.
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import TextIOWrapper
from itertools import chain
from tempfile import NamedTemporaryFile
from typing import IO, Any

from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet

from affiliates import clock
from config.lib import audit
from config.lib.privatefiles import private_files
from config.lib.sheets import safe_cell
from creators.models import ManualCheck
from shop.models import Trouble

YOU, OURS = "you", "one of us or another person"
AT_ONCE = 2_000  # rows


@dataclass(frozen=True, slots=True)
class Part:
    """One table: the rows whose path `of` ends at her user, or whose `mail` is an address of hers.

    `leave`: fields that are secrets, or that speak of others. `days`: moments of shoppers, of which
    she reads the day.
    """

    model: str
    of: tuple[str, ...]
    leave: tuple[str, ...] = ()
    mail: str = ""
    days: tuple[str, ...] = ()


def _creator(model: str, path: str = "creator", *leave: str, days: tuple[str, ...] = ()) -> Part:
    return Part(model, (f"{path}__user",), leave, days=days)


PARTS = (
    Part("auth.User", ("pk",), ("password",)),
    Part("account.EmailAddress", ("user",)),
    Part("mfa.Authenticator", ("user",), ("data",)),
    Part("usersessions.UserSession", ("user",), ("session_key",)),
    Part("socialaccount.SocialAccount", ("user",)),
    Part("admin.LogEntry", ("user",)),
    Part("config.AuditEntry", ("user_id",)),
    Part("creators.Creator", ("user",)),
    _creator("creators.Channel"),
    _creator("creators.Reading", "channel__creator"),
    _creator("creators.ChannelToken", "channel__creator", "access", "refresh"),
    _creator("creators.ManualCheck", "channel__creator"),
    _creator("creators.Decision"),
    _creator("creators.DecisionCheck", "decision__creator"),
    _creator("creators.QuizAttempt"),
    _creator("creators.DirectoryEntry", "creator", "search", "facets", "changed_in"),
    _creator("creators.SeenWeek"),
    _creator("creators.Case"),
    _creator("creators.CaseEvent", "case__creator"),
    Part("creators.ChannelDispute", ("case__creator__user",)),
    Part("creators.Report", (), mail="email"),
    _creator("affiliates.Participation"),
    _creator("affiliates.FlatFee", "participation__creator"),
    _creator("affiliates.SampleRequest"),
    _creator("affiliates.SampleEvent", "sample__creator"),
    _creator("creators.SampleRecord"),
    Part("affiliates.Message", ("creator__user", "sender")),
    _creator("affiliates.Thread"),
    Part("affiliates.MessageDigest", ("user",)),
    _creator("affiliates.Passport"),
    _creator("affiliates.PassportEvidence"),
    _creator("affiliates.Link"),
    _creator("affiliates.LinkBlock", "link__creator", "blocked_by", "lifted_by"),
    _creator("affiliates.PageLink"),
    _creator("affiliates.CreatorCode"),
    Part("affiliates.CalendarFeed", ("creator__user", "membership__user"), ("token_hash",)),
    _creator("affiliates.SwitchLetter"),
    Part("affiliates.ApiToken", ("creator__user", "made_by"), ("digest",)),
    Part("affiliates.Endpoint", ("creator__user", "kept_by"), ("secret", "old_secret")),
    _creator("affiliates.Delivery", "endpoint__creator", days=("created_at", "next_at", "done_at")),
    _creator("affiliates.LinkDay", "link__creator"),
    _creator("affiliates.Attribution", "creator", "touches",
             days=("clicked_at", "expires_at", "created_at")),
    _creator("affiliates.Commission", days=("created_at", "due_at")),
    _creator("affiliates.VoidNote", "commission__creator", "by"),
    _creator("affiliates.CaseLine", "case__creator"),
    _creator("affiliates.Adjustment"),
    _creator("affiliates.SettlementLine"),
    _creator("affiliates.Payout"),
    _creator("affiliates.PayoutClaim", "payout__creator"),
    _creator("affiliates.PayoutAttempt", "payout__creator", "idempotency_key"),
    _creator("affiliates.BankReply", "payout__creator"),
    _creator("affiliates.PayoutWord", "payout__creator"),
    _creator("affiliates.PayoutMethod"),
    _creator("affiliates.TaxProfile"),
    _creator("affiliates.TaxIdentity"),
    _creator("affiliates.VatCheck", "profile__creator"),
    _creator("affiliates.TaxLook"),
    _creator("affiliates.SelfBill"),
    _creator("affiliates.RiskFlag", "creator", "evidence", "evidence_hash", days=("opened_at",)),
    _creator("affiliates.Account"),
    Part("affiliates.LedgerEntry", ("debit__creator__user", "credit__creator__user"),
         days=("posted_at",)),
    Part("affiliates.BrandNotice", ("user",)),
    Part("affiliates.SavedSearch", ("user",)),
    Part("affiliates.Export", ("user",), ("file",)),
    Part("shop.Membership", ("user",)),
    Part("shop.TeamInvitation", ("invited_by",), (), "email"),
    Part("shop.Acceptance", ("user", "order__buyer"), mail="order__email"),
    Part("shop.TermsNotice", ("user",)),
    Part("shop.Order", ("buyer",), ("token_hash", "checkout_key", "referral", "payment_fingerprint"),
         "email"),
    Part("shop.BrandOrder", ("order__buyer",), (), "order__email"),
    Part("shop.OrderLine", ("brand_order__order__buyer",), ("touch",), "brand_order__order__email"),
    Part("shop.Payment", ("order__buyer",), (), "order__email"),
    Part("shop.PaymentSession", ("order__buyer",), ("url",), "order__email"),
    Part("shop.Refund", ("order__buyer",), (), "order__email"),
    Part("shop.RefundFailure", ("payment__order__buyer",), (), "payment__order__email"),
    Part("shop.Return", ("brand_order__order__buyer",), (), "brand_order__order__email"),
    Part("shop.SaleDocument", ("brand_order__order__buyer",), (), "brand_order__order__email"),
    Part("shop.Parcel", ("brand_order__order__buyer",), (), "brand_order__order__email"),
    Part("shop.ParcelUndone", ("brand_order__order__buyer", "undone_by"), (), "brand_order__order__email"),
    Part("shop.OrderPush", ("brand_order__order__buyer",), (), "brand_order__order__email"),
    Part("shop.Trouble", ("brand_order__order__buyer",), (), "brand_order__order__email"),
    Part("shop.OrderLetter", ("order__buyer",), (), "order__email"),
    Part("shop.Dispute", ("order__buyer",), (), "order__email"),
)  # fmt: skip
A_MARKET = "of the market, of no person"
A_BRAND = "a brand's, which its own account shows"
A_LINE = "a detail of an order, a refund or a dispute that is in the file"
LEFT = {
    "config.AuditLink": "hashes of the log of who did what",
    "account.EmailConfirmation": "keys that sign in: they live for minutes",
    "socialaccount.SocialApp": A_MARKET,
    "socialaccount.SocialToken": "never used: channels keep theirs",
    "creators.Niche": A_MARKET,
    "creators.DirectoryBits": "numbers made of entries that are in the file, built anew all day",
    "creators.DirectoryGone": "numbers of those who left the directory, for minutes",
    "creators.DirectoryIndex": A_MARKET,
    "creators.PeerFigure": A_MARKET,
    "creators.Violation": A_MARKET,
    "creators.Sanction": A_MARKET,
    "creators.PlatformStatus": A_MARKET,
    "creators.EnrolmentPolicy": A_MARKET,
    "shop.DiscountCode": A_BRAND,
    "shop.PriceChange": A_BRAND,
    "shop.DiscountUse": "orders that are in the file, under a key of the shopper's address",
    "affiliates.BankFile": A_MARKET,
    "affiliates.BooksCheck": A_MARKET,
    "affiliates.Click": "shoppers' visits under a key of a day: nobody's any more",
    "affiliates.ClickElsewhere": "shoppers' visits, by no name",
    "affiliates.ClickStream": A_MARKET,
    "affiliates.ClickScan": A_MARKET,
    "affiliates.ClickFinding": "patterns of shoppers' visits, by no name",
    "affiliates.ClosedMonth": A_MARKET,
    "affiliates.Closing": "sums of ledger entries that are in the file",
    "affiliates.Collaboration": A_BRAND,
    "affiliates.ProductRate": A_BRAND,
    "affiliates.RateChange": A_BRAND,
    "affiliates.TermChange": A_BRAND,
    "affiliates.BrandInvoice": A_BRAND,
    "affiliates.FeePolicy": A_BRAND,
    "affiliates.OwnProgramme": A_BRAND,
    "affiliates.BrandLight": A_BRAND,
    "affiliates.BrandTaxIdentity": A_BRAND,
    "affiliates.BrandVatCheck": A_BRAND,
    "affiliates.BrandWeek": "sums of commissions that are in the file",
    "affiliates.BrandWeekStale": A_BRAND,
    "affiliates.PayDay": A_MARKET,
    "affiliates.Reclaim": "made when an account is closed: nobody signs in to it any more",
    "affiliates.PayoutBatch": A_MARKET,
    "affiliates.PlatformSwitch": A_MARKET,
    "affiliates.SwitchChange": "how far clocks were moved that are in the file",
    "affiliates.SwitchWord": A_MARKET,
    "affiliates.PassportIssuer": A_MARKET,
    "affiliates.RevokedPassport": "numbers of passports that no longer hold, by no name",
    "affiliates.SettlementRun": A_MARKET,
    "affiliates.SettlementShard": A_MARKET,
    "affiliates.Shortlist": A_BRAND,
    "affiliates.ShortlistEntry": "a brand's own notes",
    "shop.Brand": A_BRAND,
    "shop.Category": A_MARKET,
    "shop.DeliveryOption": A_BRAND,
    "shop.Product": A_BRAND,
    "shop.Recall": A_BRAND,
    "shop.Variant": A_BRAND,
    "shop.Image": A_BRAND,
    "shop.TaxRate": A_MARKET,
    "shop.Integration": A_BRAND,
    "shop.Stockroom": A_BRAND,
    "shop.Stocked": A_BRAND,
    "shop.Feed": A_BRAND,
    "shop.FeedRun": A_BRAND,
    "shop.FeedProblem": A_BRAND,
    "shop.Cart": "kept by a browser's key, not by person",
    "shop.CartLine": "kept by a browser's key, not by person",
    "shop.ReturnLine": A_LINE,
    "shop.TroubleLine": A_LINE,
    "shop.ParcelLine": A_LINE,
    "shop.RefundLine": A_LINE,
    "shop.DisputeLine": A_LINE,
    "shop.WebhookEvent": "a provider's message about a payment that is in the file",
    "shop.TopUp": A_BRAND,
    "shop.Movement": A_MARKET,
    "shop.Terms": A_MARKET,
}


def questions(part: Part, user: AbstractBaseUser, mails: list[str]) -> list[QuerySet]:
    """Return the keys of the rows that speak of a person, one question per path.

    With an OR between two of them PostgreSQL would read the whole table.
    """
    paths = [Q(**{path: user.pk}) for path in part.of]
    if part.mail:
        paths += [Q(**{f"{part.mail}__iexact": mail}) for mail in mails]
    rows = apps.get_model(part.model)._default_manager.order_by()
    return [rows.filter(path).values_list("pk", flat=True) for path in paths]


def rows_of(part: Part, user: AbstractBaseUser, mails: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what one table holds on a person, as JSON values by field name."""
    rows = apps.get_model(part.model)._default_manager.order_by("pk")
    pks = sorted({pk for asked in questions(part, user, mails) for pk in asked})
    for start in range(0, len(pks), AT_ONCE):
        for row in rows.filter(pk__in=pks[start : start + AT_ONCE]):
            yield _plain(row, part, user)


def _plain(row: Model, part: Part, user: AbstractBaseUser) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in part.leave:
            continue
        value = field.value_from_object(row)
        if field.name in part.days and value is not None:
            value = clock.local_day(value)
        if field.related_model is get_user_model() and value is not None:
            value = YOU if value == user.pk else OURS
        found[field.name] = value if _is_json(value) else str(value)
    if part.model == "creators.Creator":
        found["niches"] = [niche.slug for niche in row.niches.all()]
    return found


def _is_json(value: object) -> bool:
    return value is None or isinstance(value, bool | int | str | list | dict)


def mails_of(user: AbstractBaseUser) -> list[str]:
    """Return the addresses that she has proven to be hers."""
    proven = EmailAddress.objects.filter(user=user, verified=True)
    return list(proven.values_list("email", flat=True))


def collect(user: AbstractBaseUser) -> dict[str, list[dict[str, Any]]]:
    """Return all that we hold on a person, by table."""
    mails = mails_of(user)
    found = {part.model: list(rows_of(part, user, mails)) for part in PARTS}
    return {name: rows for name, rows in found.items() if rows}


def write(user: AbstractBaseUser, out: IO[bytes], at: datetime) -> int:
    """Write a ZIP to `out`: one CSV per table, data.json, her pictures; return the rows.

    Row by row: a long history does not fill the memory.
    """
    audit.note("data taken along", f"auth_user:{user.pk}")
    mails, count = mails_of(user), 0
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        NamedTemporaryFile("w", encoding="utf-8") as whole,
    ):
        whole.write(f'{{"made_at": {_json(at.isoformat())},\n"tables": {{')
        between = "\n"
        for part in PARTS:
            if done := _table(archive, whole, between, part, rows_of(part, user, mails)):
                count, between = count + done, ",\n"
        whole.write(f'\n}},\n"not_in_here": {_json(LEFT)}}}\n')
        whole.flush()
        archive.write(whole.name, "data.json")
        for name in pictures(user, mails):
            if private_files().exists(name):
                with private_files().open(name) as file:
                    archive.writestr(name, file.read())
    return count


def pictures(user: AbstractBaseUser, mails: list[str]) -> Iterator[str]:
    """Yield the names of the pictures that she sent: of her channels, and of what was wrong."""
    checks = ManualCheck.objects.filter(channel__creator__user=user.pk).exclude(screenshot="")
    yield from checks.values_list("screenshot", flat=True)
    part = next(one for one in PARTS if one.model == "shop.Trouble")
    pks = {pk for asked in questions(part, user, mails) for pk in asked}
    troubles = Trouble.objects.filter(pk__in=pks).exclude(picture="").order_by("pk")
    yield from troubles.values_list("picture", flat=True)


def _table(
    archive: zipfile.ZipFile,
    whole: IO[str],
    between: str,
    part: Part,
    rows: Iterator[dict[str, Any]],
) -> int:
    """Write one table as CSV and into the JSON, unless it is empty; return its rows."""
    first, count = next(rows, None), 0
    if first is None:
        return 0
    name = f"csv/{part.model}.csv"
    with archive.open(name, "w") as raw, TextIOWrapper(raw, "utf-8-sig", newline="") as text:
        sheet = csv.writer(text)
        sheet.writerow(first)
        whole.write(f"{between}{_json(part.model)}: [")
        for row in chain([first], rows):
            sheet.writerow(map(_cell, row.values()))
            whole.write(f"{',' if count else ''}\n {_json(row)}")
            count += 1
        whole.write("\n]")
    return count


def _cell(value: object) -> object:
    return _json(value) if isinstance(value, list | dict) else safe_cell(value)


def _json(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
