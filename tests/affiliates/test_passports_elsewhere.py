"""Passports at another market: equal facts come over, and every way in which one must not hold."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile as File
from django.forms import modelform_factory
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from affiliates import dossier, erasure, evidence, passportform, passportkeys, passports
from affiliates.admin.passports import IssuerForm
from affiliates.models import Passport, PassportEvidence, PassportIssuer, RevokedPassport
from config.lib import jws, seeds
from tests.affiliates.factories import make_collaboration
from tests.affiliates.passporting import DAY, NOW, issue, sell
from tests.creators.factories import make_channel, make_creator, make_user
from tests.shop.factories import make_brand as make_shop
from tests.shop.test_pictures import shop  # noqa: F401  a fixture: another market's server

pytestmark = pytest.mark.django_db


@pytest.fixture
def noor():
    return make_creator(followers=6_000, user=make_user(), at=NOW - 100 * DAY)


OTHER = seeds.new()  # of the other market


# ------------------------------------------------------------------ another market


class Market:
    """The other market: its keys and its list, answered by a server of our own."""

    def __init__(self, shop, settings):  # noqa: F811
        self.server, self.settings, self.seed, self.old = shop, settings, OTHER, []
        self.home = settings.SITE_URL
        settings.PRIVATE_ISSUERS_FROM = shop.url
        self.issuer = PassportIssuer.objects.create(name="Elsewhere", origin=shop.url)

    def __enter__(self):
        """Be that market for a moment."""
        self.settings.SITE_URL = self.server.url
        self.settings.PASSPORT_KEY, self.settings.PASSPORT_OLD_KEYS = self.seed, self.old

    def __exit__(self, *_error):
        self.publish()
        self.settings.SITE_URL = self.home

    def publish(self, at=None):
        where = json.dumps(passports.where()).encode()
        self.server.answers[f"/{passports.KEYS_PATH}"] = (200, {}, where)
        self.server.answers[f"/{passports.LIST_PATH}"] = (200, {}, passports.revoked(at or NOW))

    def passport(self, creator, fields=("orders",), at=NOW) -> Passport:
        with self:
            return issue(creator, fields, at)


@pytest.fixture
def elsewhere(shop, settings):  # noqa: F811
    return Market(shop, settings)


@pytest.fixture
def there(noor):
    """Noor as the other market knows her, and the same TikTok account (by another app's id)."""
    sell(noor, 6)
    handle = noor.channels.get().handle
    here = make_creator(user=make_user())
    make_channel(creator=here, handle=handle.upper(), external_id="id-of-another-app", at=NOW)
    noor.channels.update(disconnected_at=None)
    return noor, here


def refused(creator, document, at=NOW):
    with pytest.raises(evidence.Refused) as error:
        evidence.bring(creator, document, at)
    return error.value.code


def test_a_passport_comes_over_with_equal_facts_and_is_that_markets_word(client, elsewhere, there):
    theirs, here = there
    row = elsewhere.passport(theirs, ["orders", "refunds"])

    got = evidence.bring(here, row.document.encode(), NOW)

    assert got.facts["facts"] == passports.read(row)["facts"]
    assert (got.issuer, got.issued_at, got.expires_at) == (
        elsewhere.issuer, row.issued_at, row.expires_at,
    )  # fmt: skip
    assert evidence.bring(here, row.document.encode(), NOW) == got  # again: the same
    client.force_login(here.user)
    page = client.get(reverse("affiliates:passports")).content.decode()
    assert "Evidence from Elsewhere on" in page and "6 orders" in page
    owner = make_user()
    brand = make_shop(owner=owner)
    make_collaboration(brand, kind="targeted")
    here.status = "full"
    here.decision = theirs.decision
    here.save()
    client.force_login(owner)
    page = client.get(reverse("affiliates:invite", args=[brand.slug, here.pk])).content.decode()
    assert "Evidence from Elsewhere on" in page
    assert passports.offer(here, NOW).facts.said == {}  # never our own record


def test_any_changed_byte_is_refused(elsewhere, there):
    theirs, here = there
    document = elsewhere.passport(theirs).document.encode()
    keys_there = evidence.keys_of(elsewhere.issuer)

    for place in range(len(document)):
        for byte in {document[place] ^ 1, ord("A"), ord(" ")} - {document[place]}:
            changed = document[:place] + bytes([byte]) + document[place + 1 :]
            with pytest.raises(jws.BadDocument):
                jws.opened(changed, keys_there, passports.KIND)
    for changed in (document + b"\n", b" " + document, document[:-1], document.replace(b",", b", ", 1), b"\xef\xbb\xbf" + document):  # fmt: skip
        assert refused(here, changed) == "form"
    assert not PassportEvidence.objects.exists()


@given(data=st.data())
@hypothesis_settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_of_any_bytes_passes(data):
    seed = seeds.new()
    document = jws.seal(b'{"version":1}', seed, passports.KIND)
    known = {jws.key_id(document): jws.private(seed).public_key()}
    start, end = sorted(data.draw(st.tuples(st.integers(0, 200), st.integers(0, 200))))
    changed = document[:start] + data.draw(st.binary(max_size=8)) + document[end:]
    if changed != document:
        with pytest.raises(jws.BadDocument):
            jws.opened(changed, known, passports.KIND)


def test_another_kind_of_signed_file_is_no_passport(elsewhere, there):
    theirs, here = there
    document = elsewhere.passport(theirs).document.encode()
    payload = jws.plain(jws.content(document))
    forged = jws.seal(jws.canonical(payload), seeds.new(), passports.KIND)
    listed = jws.seal(jws.canonical(payload), OTHER, passports.LIST_KIND)
    for told, code in (
        (payload | {"expires_at": "2199-01-01T00:00:00Z"}, "form"),
        (payload | {"facts": {"orders": {"count": -1}}}, "form"),
        (payload | {"facts": {"orders": {"count": True}}}, "form"),
        (payload | {"facts": {"stars": {"count": 5}}}, "form"),
        (payload | {"more": 1}, "form"),
        (payload | {"issuer": "https://nobody.example"}, "issuer"),
    ):
        assert refused(here, jws.seal(jws.canonical(told), OTHER, passports.KIND)) == code
    assert [refused(here, forged), refused(here, listed)] == ["key", "signature"]
    with pytest.raises(jws.BadDocument):
        passportform.read(b'{"version":1,"version":1}')


def test_ours_an_expired_and_an_early_one_are_refused(elsewhere, there):
    theirs, here = there
    late = elsewhere.passport(theirs, [], at=NOW - 90 * DAY)
    early = elsewhere.passport(theirs, at=NOW + DAY)
    assert refused(here, late.document.encode()) == "expired"
    assert refused(here, early.document.encode()) == "early"
    assert refused(here, issue(theirs).document.encode()) == "ours"


def test_it_must_be_hers_and_serves_one_account(elsewhere, there):
    theirs, here = there
    document = elsewhere.passport(theirs).document.encode()
    thief = make_creator(followers=3_000, user=make_user())
    assert refused(thief, document) == "channel"
    evidence.bring(here, document, NOW)
    here.channels.update(disconnected_at=NOW)
    assert evidence.of(here, NOW) == []  # no longer bound to a channel of hers
    make_channel(creator=thief, handle=theirs.channels.get().handle, at=NOW)
    assert refused(thief, document) == "taken"


def test_on_youtube_a_handle_is_not_enough(elsewhere, noor):
    sell(noor, 5)
    noor.channels.update(platform="youtube", external_id="UC-her-own", handle="noor")
    document = elsewhere.passport(noor).document.encode()
    here = make_creator(user=make_user())
    make_channel(creator=here, platform="youtube", external_id="UC-another", handle="noor", at=NOW)
    assert refused(here, document) == "channel"


def test_withdrawn_consent_ends_it_here_and_there(elsewhere, there):
    theirs, here = there
    first, second = elsewhere.passport(theirs), elsewhere.passport(theirs, ["refunds"])
    document = first.document.encode()
    got = evidence.bring(here, document, NOW)
    evidence.bring(here, second.document.encode(), NOW)
    with elsewhere:
        assert passports.withdraw(theirs, first.pk, NOW)
        assert not passports.withdraw(theirs, first.pk, NOW)
        assert not passports.withdraw(here, second.pk, NOW)  # another's

    first.refresh_from_db()
    assert (first.document, first.revoked_at) == ("", NOW)
    assert evidence.recheck(NOW) == 0  # asked less than a day ago
    assert evidence.recheck(NOW + 21 * timedelta(hours=1)) == 1
    got.refresh_from_db()
    assert got.refused == "withdrawn"
    assert [row.uid for row in evidence.of(here, NOW)] == [second.uid]
    evidence.forget(here)
    assert refused(here, document) == "revoked"


def test_a_market_that_is_silent_or_lies_brings_nothing(elsewhere, there):
    theirs, here = there
    document = elsewhere.passport(theirs).document.encode()
    answers = elsewhere.server.answers
    where, listed = f"/{passports.KEYS_PATH}", f"/{passports.LIST_PATH}"
    good = dict(answers)
    other = jws.seal(jws.content(good[listed][2]), seeds.new(), passports.LIST_KIND)
    for path, answer in (
        (listed, (500, {}, b"")),
        (listed, (302, {"Location": "http://169.254.169.254/"}, b"")),
        (listed, (200, {}, b"{}")),
        (listed, (200, {}, other)),
        (listed, (200, {}, document)),
        (where, (200, {}, b'{"issuer":"https://nobody.example","keys":[]}')),
        (where, (302, {"Location": "http://127.0.0.1:1/"}, b"")),
    ):
        answers.clear()
        answers.update(good | {path: answer})
        cache.clear()
        assert refused(here, document) == "silent", (path, answer)
    answers.update(good)
    with elsewhere:
        pass
    elsewhere.publish(NOW - 25 * timedelta(hours=1))  # a list of yesterday, kept back
    assert refused(here, document) == "silent"
    PassportIssuer.objects.update(is_active=False)
    assert refused(here, document) == "issuer"
    PassportIssuer.objects.update(is_active=True)
    elsewhere.settings.PRIVATE_ISSUERS_FROM = ""  # as in life: loopback is never asked
    cache.clear()
    assert refused(here, document) == "silent"


def test_a_turned_key_keeps_what_it_signed_and_a_pinned_one_needs_no_asking(elsewhere, there):
    theirs, here = there
    old = elsewhere.passport(theirs)
    elsewhere.old = [passportkeys.published()[0]["x"]]
    elsewhere.seed = seeds.new()
    new = elsewhere.passport(theirs)

    assert old.key_id != new.key_id
    assert evidence.bring(here, old.document.encode(), NOW).uid == old.uid
    assert evidence.bring(here, new.document.encode(), NOW).uid == new.uid
    elsewhere.old = []
    with elsewhere:
        pass
    assert (
        evidence.recheck(NOW + 21 * timedelta(hours=1)) == 1
    )  # the old key is gone: what it signed is shown no more
    assert [row.uid for row in evidence.of(here, NOW)] == [new.uid]
    evidence.forget(here)
    elsewhere.issuer.keys = [jws.jwk(jws.private(seeds.new()).public_key())]
    elsewhere.issuer.save()
    assert refused(here, new.document.encode()) == "key"


@pytest.mark.parametrize(
    ("origin", "is_right"),
    [
        ("https://other.example", True), ("https://other.example/", True),
        ("http://other.example", False), ("https://other.example:8443", False),
        ("https://me@other.example", False), ("https://other.example/x", False),
        ("https://other.example?x=1", False),
    ],
)  # fmt: skip
def test_an_admin_lists_origins_and_nothing_more(origin, is_right):
    fields = ["name", "origin", "keys", "is_active"]
    made = modelform_factory(PassportIssuer, form=IssuerForm, fields=fields)
    form = made({"name": "Other", "origin": origin, "keys": "[]", "is_active": "on"})
    assert form.is_valid() is is_right, form.errors


def test_a_file_is_brought_on_the_page_and_refused_in_words(client, elsewhere, there):
    theirs, here = there
    document = elsewhere.passport(theirs).document.encode()
    client.force_login(here.user)
    page = reverse("affiliates:passport_bring")
    for content, words in ((b"hello", "was changed since"), (b"x" * 40_000, "too large")):
        answer = client.post(page, {"file": File("p.json", content)})
        assert answer.status_code == 422 and words in answer.content.decode()
    assert client.post(page, {"file": File("p.json", document)}).status_code == 302
    row = here.evidence.get()
    client.force_login(theirs.user)
    remove = reverse("affiliates:evidence_remove", args=[row.pk])
    assert client.post(remove).status_code == 404
    client.force_login(here.user)
    assert client.post(remove).status_code == 302
    assert not here.evidence.exists()


def test_who_is_erased_leaves_a_number_on_the_list_and_nothing_else(elsewhere, there):
    theirs, here = there
    row = issue(theirs)
    evidence.bring(here, elsewhere.passport(theirs).document.encode(), NOW)
    assert {"affiliates.Passport"} <= set(dossier.collect(theirs.user))
    assert {"affiliates.PassportEvidence"} <= set(dossier.collect(here.user))
    here_uid = theirs.passports.exclude(pk=row.pk).get().uid

    erasure.close(here.user, NOW)
    passports.forget(theirs, NOW)

    assert not PassportEvidence.objects.exists() and not Passport.objects.exists()
    assert set(RevokedPassport.objects.values_list("uid", flat=True)) == {row.uid, here_uid}
    assert passports.sweep(NOW + 91 * DAY) == 0
    assert not RevokedPassport.objects.exists()
