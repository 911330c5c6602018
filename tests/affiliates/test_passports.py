"""Passports: what they say, who can read them, and every way in which one must not hold."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile as File
from django.core.management import call_command
from django.forms import modelform_factory
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from affiliates import dossier, erasure, evidence, passportform, passportkeys, passports
from affiliates.admin.passports import IssuerForm
from affiliates.models import (
    Passport,
    PassportEvidence,
    PassportIssuer,
    RevokedPassport,
    SampleRequest,
)
from config import keys
from config.lib import jws, seeds
from shop import refunds
from shop.models import BrandOrder
from tests.affiliates.factories import (
    make_brand,
    make_collaboration,
    make_commission,
    make_order,
    make_variant,
)
from tests.creators.factories import make_channel, make_creator, make_user
from tests.shop.factories import make_brand as make_shop
from tests.shop.test_pictures import shop  # noqa: F401  a fixture: another market's server

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
DAY = timedelta(days=1)
OTHER = seeds.new()  # of the other market
ALL = ["orders", "refunds", "samples", "posts"]


@pytest.fixture
def noor():
    return make_creator(followers=6_000, user=make_user(), at=NOW - 100 * DAY)


def sell(creator, times, brand=None, at=None):
    at = at or NOW - 40 * DAY
    return [
        make_commission(creator, brand or make_brand(), at=at, delivered=at + 2 * DAY)
        for _n in range(times)
    ]


def promise(creator, kept, late=0, broken=0):
    """Samples that are over: kept in time, kept with the extension, never posted."""
    variant = make_variant(make_brand())
    offer = make_collaboration(variant.brand)
    arrived = NOW - 60 * DAY
    base = {
        "creator": creator, "collaboration": offer, "variant": variant, "asked_at": NOW - 70 * DAY,
        "delivered_at": arrived, "act_by": NOW, "closed_at": NOW - 30 * DAY,
    }  # fmt: skip
    done = {"state": "closed", "checked_by": "api", "post_url": "https://www.tiktok.com/@a/video/1"}
    for days, count in ((3, kept), (18, late)):
        for _n in range(count):
            SampleRequest.objects.create(**base, **done, posted_at=arrived + days * DAY)
    for _n in range(broken):
        SampleRequest.objects.create(**base, state="lapsed", lapsed_side="creator")


def issue(creator, fields=("orders",), at=NOW) -> Passport:
    return passports.issue(creator, fields, [one.pk for one in creator.channels.all()], at)


# ------------------------------------------------------------------ what it says


def test_it_says_what_she_chose_and_nothing_else(noor):
    brand = make_brand()
    rows = sell(noor, 9, brand)
    promise(noor, kept=3, late=1, broken=1)
    sell(noor, 3, at=NOW - 500 * DAY)  # too long ago
    sell(make_creator(followers=2_000), 7)  # another's
    line = rows[0].order_line
    refunds.refund(line.brand_order.order, amount=line.gross, at=NOW)

    row = issue(noor, ALL)

    told = passports.read(row)
    net = sum(one.order_line.net for one in rows)
    line.refresh_from_db()
    assert told["facts"] == {
        "orders": {"count": 9},
        "refunds": {"rate_bp": (line.refunded * 10_000 + net // 2) // net},
        "samples": {"kept": 4, "of": 5},
        "posts": {"on_time": 3, "of": 5},
    }
    channel = noor.channels.get()
    assert [(one["platform"], one["handle"]) for one in told["channels"]] == [
        ("tiktok", channel.handle)
    ]
    assert row.expires_at - row.issued_at == timedelta(days=90)
    for secret in (brand.name, brand.slug, noor.user.email, noor.display_name, line.title):
        assert secret not in json.dumps(told)
    assert passports.read(issue(noor, ["samples"]))["facts"] == {"samples": {"kept": 4, "of": 5}}


def test_nothing_is_said_that_fewer_than_five_orders_make(noor):
    sell(noor, 4)
    promise(noor, kept=4)

    found = passports.offer(noor, NOW).facts
    assert (found.said, found.withheld) == ({}, ALL)
    with pytest.raises(passports.NotIssued, match="field"):
        issue(noor, ["orders"])
    sell(noor, 1)
    assert set(passports.offer(noor, NOW).facts.said) == {"orders", "refunds"}


def test_a_channel_that_is_not_hers_is_in_no_passport(noor):
    other = make_creator(followers=2_000).channels.get()
    with pytest.raises(passports.NotIssued, match="channel"):
        passports.issue(noor, [], [other.pk], NOW)


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


# ------------------------------------------------------------------ pages, erasure, commands


def test_she_makes_one_prints_it_takes_it_along_and_withdraws_it(client, noor, settings):
    sell(noor, 5)
    client.force_login(noor.user)
    page = reverse("affiliates:passports")
    channel = noor.channels.get()
    shown = client.get(page).content.decode()
    assert "Samples: promises kept" in shown.partition("Left out")[2]  # not to be chosen

    wrong = client.post(page, {"channels": channel.pk, "fields_said": ["orders"]})
    assert wrong.status_code == 422 and not noor.passports.exists()  # no consent
    client.post(page, {"channels": channel.pk, "fields_said": ["orders"], "consent": "on"})
    row = noor.passports.get()
    printed = client.get(reverse("affiliates:passport", args=[row.pk])).content.decode()
    assert "5 orders" in printed and channel.handle in printed and str(row.uid) in printed
    files = [client.get(reverse("affiliates:passport_file", args=[row.pk, kind])).content
             for kind in ("json", "pdf")]  # fmt: skip
    assert files[0] == row.document.encode()
    assert files[1].startswith(b"%PDF-")
    known = {key["kid"]: jws.public_of(key) for key in client.get(f"/{passports.KEYS_PATH}").json()["keys"]}  # fmt: skip
    assert jws.opened(files[0], known, passports.KIND)

    other = make_creator(followers=2_000, user=make_user())
    client.force_login(other.user)
    for name, more in (("passport", []), ("passport_file", ["json"]), ("passport_withdraw", [])):
        url = reverse(f"affiliates:{name}", args=[row.pk, *more])
        assert client.generic("POST" if name.endswith("draw") else "GET", url).status_code == 404
    client.force_login(noor.user)
    client.post(reverse("affiliates:passport_withdraw", args=[row.pk]))
    assert client.get(reverse("affiliates:passport", args=[row.pk])).status_code == 404
    listed = client.get(f"/{passports.LIST_PATH}")
    assert passportform.read_list(jws.opened(listed.content, known, passports.LIST_KIND)).revoked == {row.uid}  # fmt: skip
    assert "max-age=900" in listed["Cache-Control"]
    again = client.get(f"/{passports.LIST_PATH}", headers={"if-none-match": listed["ETag"]})
    assert again.status_code == 304

    settings.PASSPORT_KEY = ""
    assert client.get(f"/{passports.KEYS_PATH}").status_code == 404
    assert client.get(f"/{passports.LIST_PATH}").status_code == 404
    assert client.post(page, {"channels": channel.pk, "consent": "on"}).status_code == 422


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


def test_a_channel_that_goes_takes_its_passports_along(noor):
    sell(noor, 5)
    make_channel(creator=noor, platform="youtube", at=NOW)
    row = issue(noor)
    assert passports.sweep(NOW) == 0
    noor.channels.filter(platform="youtube").update(disconnected_at=NOW)
    assert [passports.sweep(NOW), passports.sweep(NOW)] == [1, 0]
    row.refresh_from_db()
    assert row.revoked_at == NOW and RevokedPassport.objects.filter(uid=row.uid).exists()


def test_a_new_key_is_printed_and_nothing_is_stored(capsys, settings):
    before = settings.PASSPORT_KEY
    call_command("passport_key")
    lines = dict(line.split("=", 1) for line in capsys.readouterr().out.split())
    assert lines["PASSPORT_OLD_KEYS"] == passportkeys.published()[0]["x"]
    settings.PASSPORT_KEY, settings.PASSPORT_OLD_KEYS = lines["PASSPORT_KEY"], [lines["PASSPORT_OLD_KEYS"]]  # fmt: skip
    assert len(passportkeys.published()) == 2
    assert keys.seed_in(settings.DATA_DIR) == before


def test_orders_of_another_currency_count_but_are_not_added_up(noor):
    brand = make_brand(currency="USD")
    for _n in range(5):
        make_order({"brand": brand, "creator": noor}, at=NOW - 9 * DAY, currency="USD")
    BrandOrder.objects.update(delivered_at=NOW - 8 * DAY)
    found = passports.offer(noor, NOW).facts
    assert found.said == {"orders": {"count": 5}}
