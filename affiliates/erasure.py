"""Closing an account: what names a person goes, what the books and the tax office need stays.

    reasons_not_to(user)    why an account cannot be closed yet
    close(user, at)         erase her; the ledger and everything it rests on stays as it is
    again(since)            after a restore: erase whom the backup brought back, whatever is in the way
    expire(at)              ten years on, what was kept for the tax office goes too

What stays: ledger, commissions, settlements, payouts and self-bills under a number; bank account
and tax facts until what is owed is paid and the law's years are over (the tax number sealed);
orders, for the invoices of the brands; cases, without her words. Source: docs/policy.md.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from affiliates import codes, dossier, erasures, evidence, exports, links, passports
from affiliates.models import (
    ApiToken,
    BrandNotice,
    CalendarFeed,
    Commission,
    Endpoint,
    FlatFee,
    Link,
    LinkBlock,
    Message,
    MessageDigest,
    PageLink,
    Participation,
    Payout,
    PayoutClaim,
    PayoutMethod,
    Reclaim,
    SampleEvent,
    SampleRequest,
    SelfBill,
    SettlementLine,
    ShortlistEntry,
    SwitchLetter,
    TaxIdentity,
    TaxProfile,
    Thread,
    VatCheck,
)
from config.lib import audit
from creators import channels
from creators.models import (
    Case,
    CaseEvent,
    Channel,
    ChannelDispute,
    ChannelToken,
    Creator,
    Decision,
    DecisionCheck,
    DirectoryEntry,
    ManualCheck,
    QuizAttempt,
    Report,
    SampleRecord,
)
from creators.platforms.base import Token
from shop import troubles
from shop.models import Membership, Order, TeamInvitation, TermsNotice

logger = logging.getLogger(__name__)
KEEP_TAX = timedelta(days=3_653)  # ten years: VAT on services across borders, and DAC7
GONE = "erased"


class NotClosable(Exception):
    """An account cannot be closed yet; `codes` say why: staff, owner, owed."""

    def __init__(self, codes: list[str]) -> None:
        super().__init__(", ".join(codes))
        self.codes = codes


def owed(creator: Creator) -> bool:
    """Say whether anything is or may still become due to a creator."""
    live = [Commission.State.PENDING, Commission.State.HELD]
    if Commission.objects.filter(creator=creator, state__in=live).exists():
        return True
    if creator.payouts.filter(state__in=[Payout.State.PENDING, Payout.State.PROCESSING]).exists():
        return True
    claimed = PayoutClaim.objects.filter(line=OuterRef("pk"), released_at=None)
    return SettlementLine.objects.filter(~Exists(claimed), creator=creator).exists()


def reasons_not_to(user: AbstractUser) -> list[str]:
    """Return codes of what has to be done before an account can be closed."""
    found = []
    if user.is_staff:
        found.append("staff")
    owns = Membership.objects.filter(user=user, role=Membership.Role.OWNER)
    for brand_id in owns.values_list("brand_id", flat=True):
        others = Membership.objects.owners().filter(brand=brand_id)
        if not others.exclude(user=user).exists():
            found.append("owner")
            break
    creator = Creator.objects.filter(user=user).first()
    if creator is not None and owed(creator):
        ready = PayoutMethod.objects.filter(creator=creator, replaced_at=None, refused="")
        ready = ready.exclude(name_check=PayoutMethod.NameCheck.NONE)  # nor that of somebody else
        known = TaxProfile.objects.filter(creator=creator).exists()
        if not (ready.exists() and known and TaxIdentity.objects.filter(creator=creator).exists()):
            found.append("owed")
    return found


@transaction.atomic
def close(user: AbstractUser, at: datetime, *, whatever: bool = False) -> bool:
    """Erase a person and close her account; False: that was done before.

    Raises NotClosable, unless it shall be done `whatever` is in the way.
    """
    user = get_user_model().objects.select_for_update().get(pk=user.pk)
    if user.username == f"{GONE}-{user.pk}":
        return False
    if not whatever and (found := reasons_not_to(user)):
        raise NotClosable(found)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL thousand.erasing = 'on'")  # the guards of decisions and cases
    creator = Creator.objects.select_for_update().filter(user=user).first()
    if creator is not None:
        _close_creator(creator, user, at)
    _close_user(user)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL thousand.erasing = 'off'")
    # before the end, not after: who asked for it and is erased twice loses nothing
    erasures.note(user.pk, at)
    audit.note("erased", f"auth_user:{user.pk}")
    logger.info("user %s is erased", user.pk)
    return True


def again(since: datetime) -> dict[int, list[str]]:
    """Erase whom a backup of `since` brought back; return account -> what would be in the way.

    What is in the way today was not when she closed it: a bank account given since the backup, an
    owner who came since. It does not bring her back; who restores is told.
    """
    found = {}
    for pk, at in erasures.noted(since).items():
        user = get_user_model().objects.filter(pk=pk).first()
        reasons = reasons_not_to(user) if user is not None else []
        if user is not None and close(user, at, whatever=True):
            found[pk] = reasons
    return found


# ------------------------------------------------------------------ the creator


def _close_creator(creator: Creator, user: AbstractUser, at: datetime) -> None:
    passports.forget(creator, at)
    evidence.forget(creator)
    _forget_channels(creator)
    _forget_market(creator, at)
    _forget_words(creator, user)
    case = creator.cases.create(
        kind=Case.Kind.CLOSURE, state=Case.State.UPHELD, reason="closed by its owner",
        opened_at=at, decided_at=at, takes_lines=False,
    )  # fmt: skip
    creator.niches.clear()
    creator.user = creator.birth_on = creator.quiz_passed_at = None
    creator.handle, creator.display_name = f"gone.{creator.pk}", "–"
    creator.bio, creator.languages, creator.site_language = "", [], ""
    creator.status, creator.case, creator.erased_at = Creator.Status.CLOSED, case, at
    creator.save()
    DirectoryEntry.objects.filter(creator=creator).delete()
    # earlier bank accounts are of no more use; the current one waits for what is still paid
    used = Payout.objects.filter(state__in=[Payout.State.PENDING, Payout.State.PROCESSING])
    old = PayoutMethod.objects.filter(creator=creator).exclude(pk__in=used.values("method"))
    _forget_accounts(old.exclude(replaced_at=None) if owed(creator) else old, at)


def _forget_channels(creator: Creator) -> None:
    for held in ChannelToken.objects.filter(channel__creator=creator).select_related("channel"):
        token = Token(held.access, held.refresh, held.expires_at)
        transaction.on_commit(partial(channels.withdraw, held.channel.platform, token), robust=True)
    ManualCheck.objects.filter(channel__creator=creator).drop_pictures()
    mine = ChannelDispute.objects.filter(
        Q(case__creator=creator) | Q(holder=creator), case__decided_at__isnull=False
    )
    mine.update(handle=GONE, external_id="", followers=None)
    Channel.objects.filter(creator=creator).delete()


def _forget_market(creator: Creator, at: datetime) -> None:
    for link in Link.objects.filter(creator=creator, is_active=True):
        links.deactivate(link, at)
    Link.objects.filter(creator=creator).exclude(alias="").update(alias="")
    LinkBlock.objects.filter(link__creator=creator).update(reason=GONE, lift_reason="")
    codes.switch_off(creator, at)
    for code in creator.codes.all():
        code.code = f"GONE{code.pk}"
        code.save(update_fields=["code"])
    PageLink.objects.filter(creator=creator).delete()
    CalendarFeed.objects.filter(creator=creator).delete()
    SwitchLetter.objects.filter(creator=creator).delete()
    ApiToken.objects.filter(creator=creator).delete()
    Endpoint.objects.filter(creator=creator).delete()
    asked = Participation.objects.filter(creator=creator)
    asked.exclude(state__in=["declined", "ended"]).update(state="ended")
    asked.update(message="", tells=False, tells_brand=False)
    FlatFee.objects.filter(participation__creator=creator).update(tells=False)
    samples = SampleRequest.objects.filter(creator=creator)
    samples.open().update(
        state=SampleRequest.State.CLOSED, closed_at=at, excuse=SampleRequest.Excuse.WITHDRAWN
    )
    samples.update(address={}, message="", tracking="")
    SampleEvent.objects.filter(sample__creator=creator).update(text="", tells=False)
    SampleRecord.objects.filter(creator=creator).delete()
    Message.objects.filter(creator=creator).delete()
    Thread.objects.filter(creator=creator).delete()
    ShortlistEntry.objects.filter(creator=creator).delete()


def _forget_words(creator: Creator, user: AbstractUser) -> None:
    """Take birth date, handles and counts out of her decisions, and her words out of cases.

    A decision keeps its outcome, its rule, its moment and its hash.
    """
    DecisionCheck.objects.filter(decision__creator=creator).delete()
    Decision.objects.filter(creator=creator).update(facts={GONE: True}, reason="")
    QuizAttempt.objects.filter(creator=creator).delete()
    Case.objects.filter(creator=creator, opened_by=user).update(reason=GONE)
    CaseEvent.objects.filter(actor=user).update(text=GONE, tells=False)
    CaseEvent.objects.filter(case__creator=creator, tells=True).update(tells=False)


# ------------------------------------------------------------------ the account


def _close_user(user: AbstractUser) -> None:
    orders = [Order.objects.filter(buyer=user)]
    for mail in dossier.mails_of(user):  # proven to be hers: nobody erases for another
        Report.objects.filter(email__iexact=mail).update(name="", email="")
        TeamInvitation.objects.filter(email__iexact=mail).delete()
        orders.append(Order.objects.filter(buyer=None, email__iexact=mail))
    for rows in orders:
        rows.update(phone="")
        troubles.forget_words(rows.values("pk"))
    exports.forget(user)
    BrandNotice.objects.filter(user=user).delete()
    MessageDigest.objects.filter(user=user).delete()
    Membership.objects.filter(user=user).delete()
    TermsNotice.objects.filter(user=user).delete()
    for session in UserSession.objects.filter(user=user):
        session.end()
    UserSession.objects.filter(user=user).delete()
    EmailAddress.objects.filter(user=user).delete()
    SocialAccount.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    user.groups.clear()
    user.user_permissions.clear()
    user.username, user.email = f"{GONE}-{user.pk}", ""
    user.first_name = user.last_name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.save()


# ------------------------------------------------------------------ when the law's years are over


@transaction.atomic
def expire(at: datetime) -> int:
    """Erase the tax facts, documents and bank accounts of creators who closed their accounts,
    ten years after the last money that went to them; return how many creators.
    """
    late = Payout.objects.filter(creator=OuterRef("pk"), created_at__gt=at - KEEP_TAX)
    named = TaxProfile.objects.filter(creator=OuterRef("pk")).exclude(legal_name=GONE)
    banked = PayoutMethod.objects.filter(creator=OuterRef("pk")).exclude(holder=GONE)
    rows = Creator.objects.filter(~Exists(late), erased_at__lte=at - KEEP_TAX)
    rows = rows.filter(Exists(named) | Exists(banked) | Q(tax_identity__isnull=False))
    ids = [creator.pk for creator in rows if not owed(creator)]
    TaxIdentity.objects.filter(creator__in=ids).delete()
    VatCheck.objects.filter(profile__creator__in=ids).delete()
    TaxProfile.objects.filter(creator__in=ids).update(
        legal_name=GONE, address=GONE, vat_number=GONE
    )
    _forget_accounts(PayoutMethod.objects.filter(creator__in=ids), at)
    Reclaim.objects.filter(creator__in=ids).exclude(iban="").update(
        iban=GONE, holder=GONE, evidence=GONE
    )
    SelfBill.objects.filter(creator__in=ids).update(facts={GONE: True})
    return len(ids)


def _forget_accounts(methods: QuerySet[PayoutMethod], at: datetime) -> None:
    methods.filter(replaced_at=None).update(replaced_at=at)
    methods.update(iban="", holder=GONE)
