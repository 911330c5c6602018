"""The sign-ins of a demo market: a creator, a brand, and two admins with a second factor."""

import base64
from dataclasses import dataclass
from random import Random

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.utils import timezone

from config import staff
from config.demo import people, shops, words
from shop.models import Acceptance, Brand, Membership, Terms

ADMINS = ("admin-one@thousand.example", "admin-two@thousand.example")


@dataclass(frozen=True, slots=True)
class SignIn:
    role: str
    email: str
    password: str
    page: str
    secret: str = ""  # of the second factor

    def __str__(self) -> str:
        text = f"{self.role:<9}{self.email:<29}{self.password:<31}{self.page}"
        return f"{text}\n{'':<9}second factor (TOTP secret): {self.secret}" if self.secret else text


def admins(seed: int) -> list[SignIn]:
    """Make the two admins; each acts where the other may not."""
    dice = Random(f"admins {seed}")
    found = []
    for mail in ADMINS:
        secret = base64.b32encode(dice.randbytes(20)).decode()
        sign_in = SignIn("admin", mail, _password(dice), "/admin/", secret)
        user = _user(mail, sign_in.password, is_staff=True, is_superuser=True)
        user.groups.set(
            [Group.objects.get_or_create(name=name)[0] for name in (staff.FINANCE, staff.SUPPORT)]
        )
        TOTP.activate(user, secret)
        RecoveryCodes.activate(user)
        found.append(sign_in)
    return found


def people_of(seed: int) -> list[SignIn]:
    """Give the first creator and the first brand's owner a password."""
    dice = Random(f"people {seed}")
    creator = SignIn("creator", people.STAR, _password(dice), "/creator/")
    user = User.objects.get(email=people.STAR)
    user.set_password(creator.password)
    user.save()
    brand = Brand.objects.filter(is_demo=True).order_by("id")[0]
    owner = SignIn("brand", shops.OWNER, _password(dice), f"/brand/{brand.slug}/")
    user = _user(owner.email, owner.password)
    Membership.objects.create(user=user, brand=brand, language="en")
    terms = Terms.objects.filter(kind="brand").order_by("-version")[0]
    Acceptance.objects.create(terms=terms, user=user, brand=brand, accepted_at=brand.created_at)
    return [creator, owner]


def _password(dice: Random) -> str:
    """Return words and digits that can be typed from a screen."""
    heads = [word.lower() for word in words.BRAND_HEADS]
    return f"{'-'.join(dice.sample(heads, 3))}-{dice.randrange(1000, 10_000)}"


def _user(mail: str, password: str, **more) -> User:
    user = User.objects.create_user(mail.partition("@")[0], mail, password, **more)
    EmailAddress.objects.create(user=user, email=mail, verified=True, primary=True)
    return user


def write(sign_ins: list[SignIn]) -> str:
    """Keep the sign-ins in DATA_DIR/sign-ins.txt, readable by its owner only; return the text."""
    text = "\n".join([
        f"Sign in at {settings.SITE_URL}/accounts/login/",
        *map(str, sign_ins),
        "or sign up yourself: the mail with the code is at "
        f"{settings.SITE_URL}/mailbox/",
        f"(made {timezone.localtime():%Y-%m-%d %H:%M})",
    ])  # fmt: skip
    path = settings.DATA_DIR / "sign-ins.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text + "\n", "utf-8")
    return text
