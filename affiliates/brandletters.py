"""Letters to a brand's owners: its account or our fee changes, or its phone number is missing.

Each owner is told once of each change; a policy that is changed again before it holds is a new
one to tell of.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from affiliates.letters import Letter, day
from affiliates.models import BrandNotice, FeePolicy
from affiliates.payouts import METHOD_WAIT_HOURS
from config.lib import money
from shop import readers
from shop.models import Brand, Membership
from shop.models.brands import SellsAt

logger = logging.getLogger(__name__)
TELL_WITHIN = timedelta(days=30)
AT_ONCE = 2_000


def send_waiting(at: datetime) -> int:
    """Tell the owners who were not told yet; return how many letters went out."""
    sent = 0
    for subject, owners, write in _changes(at):
        told = BrandNotice.objects.filter(subject=subject).values("user")
        rows = owners.exclude(user__in=told).exclude(user__email="").order_by("pk")
        for owner in rows.select_related("user", "brand")[: max(0, AT_ONCE - sent)]:
            try:
                sent += _tell(subject, owner, write, at)
            except OSError:  # the server is away or refused it; the next call tries again
                logger.exception("user %s could not be told of %s", owner.user_id, subject)
    return sent


def _changes(at: datetime) -> Iterator[tuple]:
    """Yield (subject, the memberships concerned, what writes the letter)."""
    owners = Membership.objects.filter(role=Membership.Role.OWNER, brand__is_demo=False)
    for brand in Brand.objects.filter(connect_since__gte=at - TELL_WITHIN):
        subject = f"connect:{brand.pk}:{brand.connect_since:%Y%m%d%H%M%S%f}"
        yield subject, owners.filter(brand=brand), _account
    for brand in _without_phone(owners):
        yield f"phone:{brand.pk}", owners.filter(brand=brand), _phone
    for policy in FeePolicy.objects.filter(effective_from__gt=at):
        facts = (policy.rate_bp, policy.base, policy.minimum, policy.minimum_currency)
        subject = f"fee:{policy.pk}:{policy.effective_from:%Y%m%d%H%M}:" + ":".join(map(str, facts))
        whose = owners.filter(brand=policy.brand_id) if policy.brand_id else owners
        yield subject, whose, _fee_letter(policy)


@transaction.atomic
def _tell(subject: str, owner: Membership, write, at: datetime) -> bool:
    _row, new = BrandNotice.objects.get_or_create(
        subject=subject, user=owner.user, defaults={"told_at": at}
    )
    if not new:
        return False
    with translation.override(readers.language_of(owner)):
        write(owner).send()
    return True


def _account(owner: Membership) -> Letter:
    brand = owner.brand
    usable = brand.connect_since + timedelta(hours=METHOD_WAIT_HOURS)
    return Letter(
        to=owner.user.email,
        subject=_("The payout account of %s was changed") % brand.name,
        title=_("%s is paid on another account from now on.") % brand.name,
        paragraphs=[
            _("It was changed on %s.") % day(brand.connect_since),
            _("The first payout to it may leave on %s.") % day(usable),
            _(
                "Did you not ask for this? Answer this mail at once: until that day nothing is paid to it."
            ),
        ],
        url=settings.SITE_URL + reverse("affiliates:balance", args=[brand.slug]),
        button=_("See the balance"),
        why=_("You get this mail because you are an owner of this brand."),
    )


def _without_phone(owners: QuerySet[Membership]) -> QuerySet[Brand]:
    """Return the brands that sell here without a phone number, of which an owner was not told."""
    subject = Concat(Value("phone:"), Cast("brand_id", CharField()))
    told = BrandNotice.objects.filter(subject=OuterRef("subject"), user=OuterRef("user"))
    untold = owners.filter(brand=OuterRef("pk")).exclude(user__email="")
    untold = untold.annotate(subject=subject).exclude(Exists(told))
    rows = Brand.objects.active().filter(phone="").exclude(sells_at=SellsAt.OWN_SHOP)
    return rows.filter(Exists(untold)).order_by("pk")


def _phone(owner: Membership) -> Letter:
    brand = owner.brand
    return Letter(
        to=owner.user.email,
        subject=_("Shoppers cannot call %s yet") % brand.name,
        title=_("Please add a phone number."),
        paragraphs=[
            _(
                "EU law (Digital Services Act, art. 30) asks each trader who sells here for name, "
                "address, phone number and e-mail, and shoppers see them at each product."
            ),
            _("For %s the phone number is missing. Your products stay on sale meanwhile.")
            % brand.name,
        ],
        url=settings.SITE_URL + reverse("shop:brand_settings", args=[brand.slug]) + "#id_phone",
        button=_("Add the number"),
        why=_("You get this mail because you are an owner of this brand."),
    )


def _fee_letter(policy: FeePolicy):
    def write(owner: Membership) -> Letter:
        facts = {
            "day": day(policy.effective_from),
            "rate": f"{money.decimal(policy.rate_bp, 'EUR').normalize():f}",
            "base": policy.get_base_display(),
        }
        lines = [_("From %(day)s it is %(rate)s %% of the net price: %(base)s.") % facts]
        if policy.minimum:
            least = money.display(policy.minimum, policy.minimum_currency)
            lines.append(_("At least %s for each line.") % least)
        lines.append(_("What is sold before that day keeps the fee of its day."))
        lines.append(
            _("If you do not agree, you may end your account without cost before that day.")
        )
        return Letter(
            to=owner.user.email,
            subject=_("Our fee changes on %s") % facts["day"],
            title=_("The fee for %s changes.") % owner.brand.name,
            paragraphs=lines,
            url=settings.SITE_URL + reverse("affiliates:rules"),
            button=_("How money moves"),
            why=_("You get this mail because you are an owner of this brand."),
        )

    return write
