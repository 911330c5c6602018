"""A leaked key, as docs/operations.md says: a new one, everything sealed anew, the old one thrown away."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from affiliates.models import TaxIdentity
from config import sealing
from config.lib import sealed
from config.models import AuditEntry
from creators.models import ChannelToken
from shop import integrations
from tests.affiliates.factories import make_identity
from tests.creators.factories import make_channel, make_creator, make_user
from tests.shop.factories import make_brand

pytestmark = pytest.mark.django_db
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NEW = "another-key-of-at-least-fifty-characters-for-everything"


@pytest.fixture
def rows():
    """One of each kind: a tax number, a platform's token, a shop's key, two second factors."""
    creator = make_creator(followers=2_000, user=make_user())
    make_identity(creator)
    make_channel(creator=creator, platform="youtube", token="secret")
    shop = integrations.connect(make_brand(), "api", "mill.example", days=4, at=timezone.now())
    TOTP.activate(creator.user, SEED)
    RecoveryCodes.activate(creator.user)
    return creator, shop


def opened(creator, shop) -> list[object]:
    """Everything as the site reads it."""
    factors = Authenticator.objects.filter(user=creator.user)
    codes = RecoveryCodes(factors.get(type="recovery_codes"))
    shop.refresh_from_db()
    return [
        TaxIdentity.objects.get().tin, TaxIdentity.objects.get().birth_on,
        ChannelToken.objects.get(channel__platform="youtube").access, shop.secret,
        decrypt(factors.get(type="totp").data["secret"]), codes.get_unused_codes(),
    ]  # fmt: skip


def test_the_old_key_is_thrown_away_and_everything_still_opens(rows, settings, capsys):
    before, old = opened(*rows), settings.SECRET_KEY
    assert SEED in before
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [old]
    assert opened(*rows) == before

    call_command("seal_anew")
    said = capsys.readouterr().out
    settings.SECRET_KEY_FALLBACKS = []

    assert opened(*rows) == before
    assert "affiliates_taxidentity.tin: 1 sealed anew, 0 that no key opens" in said
    assert "mfa_authenticator.data: 2 sealed anew" in said
    assert AuditEntry.objects.filter(act="sealed anew").exists()
    assert {one.anew for one in sealing.anew().values()} == {0}  # again: nothing left to do


def test_what_no_key_opens_is_told_and_left_as_it_is(rows, settings, capsys):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tin FROM affiliates_taxidentity")
        word = cursor.fetchone()
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, []

    with pytest.raises(SystemExit):
        call_command("seal_anew")

    assert "SECRET_KEY_FALLBACKS" in capsys.readouterr().err
    with connection.cursor() as cursor:
        cursor.execute("SELECT tin FROM affiliates_taxidentity")
        assert cursor.fetchone() == word
    settings.SECRET_KEY_FALLBACKS = [old]
    call_command("seal_anew")


def test_many_rows_come_in_batches(settings, monkeypatch):
    monkeypatch.setattr(sealing, "AT_ONCE", 2)
    for _n in range(5):
        make_channel(creator=make_creator(), platform="youtube", token="secret")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [settings.SECRET_KEY]

    assert sealing.anew()["creators_channeltoken.access"] == (5, 0)
    assert all(map(sealed.is_new, _stored()))


def _stored() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT access FROM creators_channeltoken")
        return [word for (word,) in cursor.fetchall()]
