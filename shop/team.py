"""Who acts for a brand: invited by mail, owner or member, and never without an owner.

Each step locks the brand, so that of two owners who remove each other one stays.
"""

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AbstractUser
from django.core import signing
from django.db import transaction
from django.db.models import Q

from shop.models import Brand, Membership, TeamInvitation

SALT = "shop.team"
LIVES = timedelta(days=7)
MOST_OPEN = 20  # invitations of one brand at a time
Role = Membership.Role


class LastOwner(Exception):
    """The brand would be left without an owner."""


class Gone(Exception):
    """Somebody is not in the team any more."""


class TooMany(Exception):
    """A brand has as many open invitations as it may have."""


class NotInvited(Exception):
    """The invitation is over, withdrawn, used, or for another address."""


@transaction.atomic
def invite(
    brand: Brand, email: str, role: str, *, by: AbstractUser, at: datetime
) -> TeamInvitation:
    """Invite an address; an open invitation of it is replaced by this one. Raises TooMany."""
    Brand.objects.select_for_update().get(pk=brand.pk)
    brand.invitations.filter(Q(email__iexact=email) | Q(expires_at__lte=at)).delete()
    if brand.invitations.count() >= MOST_OPEN:
        raise TooMany(f"brand {brand.pk} has {MOST_OPEN} open invitations")
    return TeamInvitation.objects.create(
        brand=brand, email=email, role=role, invited_by=by, created_at=at, expires_at=at + LIVES
    )


def token_of(invitation: TeamInvitation) -> str:
    """Return the secret part of the mailed link."""
    return signing.dumps(invitation.pk, salt=SALT)


def by_token(token: str, at: datetime) -> TeamInvitation | None:
    """Return the invitation of a link that still works."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    rows = TeamInvitation.objects.select_related("brand")
    return rows.filter(pk=pk, expires_at__gt=at).first()


def is_for(invitation: TeamInvitation, user: AbstractUser) -> bool:
    """Say whether the invited address is a confirmed one of this person."""
    hers = EmailAddress.objects.filter(user=user, verified=True)
    return hers.filter(email__iexact=invitation.email).exists()


@transaction.atomic
def accept(invitation: TeamInvitation, user: AbstractUser, at: datetime) -> Membership:
    """Make the invited person act for the brand, once. Raises NotInvited.

    Who is in the team already keeps the higher of both roles.
    """
    row = TeamInvitation.objects.select_for_update().filter(pk=invitation.pk).first()
    if row is None or row.expires_at <= at or not is_for(row, user):
        raise NotInvited(f"invitation {invitation.pk} is not open for user {user.pk}")
    row.delete()
    made, fresh = Membership.objects.get_or_create(
        user=user, brand_id=row.brand_id, defaults={"role": row.role}
    )
    if not fresh and row.role == Role.OWNER:
        made.role = Role.OWNER
        made.save(update_fields=["role"])
    return made


@transaction.atomic
def change_role(membership: Membership, role: str) -> Membership:
    """Make somebody owner or member. Raises LastOwner, Gone."""
    row = _locked(membership, leaves=role != Role.OWNER)
    row.role = role
    row.save(update_fields=["role"])
    return row


@transaction.atomic
def remove(membership: Membership) -> None:
    """Let somebody act for the brand no more. Raises LastOwner, Gone."""
    _locked(membership, leaves=True).delete()


def _locked(membership: Membership, *, leaves: bool) -> Membership:
    """Return a membership, its brand locked; `leaves`: it is an owner's no more.

    An owner whose account is off is no other owner. Whom she asked in and who has not come yet
    is asked no more: nobody who is let go leaves a door open.
    """
    brand = Brand.objects.select_for_update().get(pk=membership.brand_id)
    row = brand.memberships.select_related("user").filter(pk=membership.pk).first()
    if row is None:
        raise Gone(f"membership {membership.pk} of brand {brand.pk}")
    others = brand.memberships.owners().exclude(pk=row.pk)
    if leaves and row.is_owner and not others.exists():
        raise LastOwner(f"brand {brand.pk} has no other owner than user {row.user_id}")
    if leaves:
        brand.invitations.filter(invited_by=row.user_id).delete()
    return row
