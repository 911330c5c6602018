"""Taking one's data along, and being erased: what goes, what stays, and the books stay whole."""

import io
import json
import random
import zipfile
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from PIL import Image

from affiliates import (
    books,
    calendars,
    codes,
    dossier,
    erased,
    erasure,
    erasures,
    payouts,
    settlement,
)
from affiliates.models import Commission, Payout, PayoutMethod, TaxIdentity, TaxProfile
from config.lib.privatefiles import private_files
from creators import cases, manual_checks, policy
from creators.models import CaseEvent, Channel, Creator, Decision, ManualCheck
from shop.models import Membership, Trouble
from tests.affiliates.factories import (
    DUE,
    NIGHT_OVER,
    make_brand,
    make_commission,
    make_payable,
    sign_in,
)
from tests.creators.factories import make_channel, make_creator, make_user
from tests.shop.test_troubles import ASKED, ask, make_part

pytestmark = pytest.mark.django_db
OURS = ("account", "admin", "affiliates", "config", "creators", "mfa", "shop", "socialaccount",
        "usersessions")  # fmt: skip


def noor(**facts) -> Creator:
    creator = make_creator(followers=6_000, user=make_user(), handle="noor.secret", **facts)
    creator.bio = "I bake in Delft"
    creator.save()
    return creator


def unzip(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def audit() -> dict[str, tuple]:
    """Count and digest every view of the auditor's that says anything of money and orders."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT viewname FROM pg_views WHERE schemaname = 'audit'")
        for (name,) in cursor.fetchall():
            if name in {"creators", "links", "log"}:  # they name people, pages and what was done
                continue
            cursor.execute(
                f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM audit.{name} t"
            )
            found[name] = cursor.fetchone()
    return found


# ------------------------------------------------------------------ taken along


def test_every_table_is_in_the_file_or_says_why_not():
    names = {model._meta.label for model in apps.get_models() if model._meta.app_label in OURS}
    named = {part.model for part in dossier.PARTS} - {"auth.User"}

    assert named | set(dossier.LEFT) == names
    assert not named & set(dossier.LEFT)


def test_a_person_finds_all_of_hers_and_nothing_of_others(client):
    hers, other = noor(), make_creator(followers=2_000, user=make_user(), handle="other.one")
    sale = make_commission(hers)
    make_commission(other)
    manual_checks.ask(hers, "facebook", "noor.page", timezone.now())
    cases.contest(hers, "commission:1", "Why?", timezone.now())
    sign_in(client, hers.user, second_factor=False)

    answer = client.post("/accounts/data/download/")
    files = unzip(b"".join(answer.streaming_content))

    tables = json.loads(files["data.json"])["tables"]
    assert tables["auth.User"][0]["email"] == hers.user.email
    assert tables["creators.Creator"][0]["bio"] == "I bake in Delft"
    assert [row["id"] for row in tables["affiliates.Commission"]] == [sale.pk]
    assert tables["creators.Case"][0]["opened_by"] == "you"
    assert tables["creators.CaseEvent"][0]["text"] == "Why?"
    assert {"password", "data", "access"}.isdisjoint(
        key for rows in tables.values() for row in rows for key in row
    )
    whole = b"".join(files.values())
    assert b"other.one" not in whole and other.user.email.encode() not in whole
    assert files["csv/creators.Channel.csv"].decode("utf-8-sig").startswith("id,creator,platform")


def test_a_formula_in_a_text_does_not_run_in_a_spreadsheet(tmp_path):
    creator = noor()
    creator.bio = "=HYPERLINK(1)"
    creator.save()
    out = tmp_path / "noor.zip"

    call_command("export_user", creator.user.email, out=out)

    assert out.stat().st_mode & 0o077 == 0
    assert "'=HYPERLINK" in unzip(out.read_bytes())["csv/creators.Creator.csv"].decode()
    with pytest.raises(CommandError, match="no account"):
        call_command("export_user", "nobody@example.com")
    with pytest.raises(CommandError):
        call_command("export_user", str(creator.user.pk), out=out)  # never written over


def test_a_file_is_asked_for_after_confirming_and_not_too_often(client):
    creator = noor()
    client.force_login(creator.user)
    creator.user.set_password("a long and good one")
    creator.user.save()
    client.force_login(creator.user)
    assert "reauthenticate" in client.post("/accounts/data/download/")["Location"]

    sign_in(client, creator.user, second_factor=False)
    seen = [client.post("/accounts/data/download/").status_code for _ in range(6)]
    assert seen == [200] * 5 + [429]


# ------------------------------------------------------------------ erased


def test_what_names_a_person_is_gone_everywhere(django_capture_on_commit_callbacks):
    creator = noor()
    user = creator.user
    make_channel(creator=creator, platform="youtube", handle="noor.films", token="secret")
    codes.choose(creator, "NOOR10")
    cases.contest(creator, "commission:1", "I live in Delft", timezone.now())
    decision = creator.decision
    mail = user.email

    with django_capture_on_commit_callbacks(execute=True):
        assert [erasure.close(user, timezone.now()) for _ in range(2)] == [True, False]

    user.refresh_from_db(), creator.refresh_from_db(), decision.refresh_from_db()
    assert (user.email, user.is_active, user.has_usable_password()) == ("", False, False)
    assert (creator.status, creator.case.kind, creator.user) == ("closed", "closure", None)
    assert creator.birth_on is None and creator.erased_at is not None
    assert decision.outcome == "full" and len(decision.sha256) == 64
    assert not Channel.objects.exists() and not ManualCheck.objects.exists()
    assert not EmailAddress.objects.filter(user=user).exists()
    words = [mail, "noor.secret", "noor.films", "Delft", "1998-05-04", "NOOR10"]
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" t')
            text = "\n".join(row[0] for row in cursor.fetchall())
            found += [(model._meta.label, word) for word in words if word in text]
    assert found == []


def test_what_becomes_of_each_table_is_decided_and_what_shall_go_is_gone():
    tables = {part.model for part in dossier.PARTS}
    sorted_out = [erased.GONE, set(erased.EMPTIED), set(erased.STAYS)]
    assert set().union(*sorted_out) == tables
    assert sum(map(len, sorted_out)) == len(tables)

    creator = noor()
    make_channel(creator=creator, platform="youtube", handle="noor.films", token="secret")
    manual_checks.ask(creator, "facebook", "noor.page", timezone.now())
    user, mails = creator.user, dossier.mails_of(creator.user)
    calendars.make(timezone.now(), creator=creator)
    TOTP.activate(user, "A" * 32)
    before = set(dossier.collect(user))
    rows = {
        part.model: [pk for asked in dossier.questions(part, user, mails) for pk in asked]
        for part in dossier.PARTS
    }
    assert erasure.close(user, timezone.now())

    left = {
        name
        for name in erased.GONE
        if apps.get_model(name)._default_manager.filter(pk__in=rows[name]).exists()
    }
    assert left == set()
    assert len(before & erased.GONE) > 8


def test_what_she_wrote_and_showed_of_an_order_goes_with_her(django_capture_on_commit_callbacks):
    """Of orders without an account too, where the address is proven to be hers; of no other."""
    user = make_user()
    EmailAddress.objects.create(user=user, email="neighbour@people.example", verified=False)
    order = {"phone": "+31612345678"}
    hers, other = (
        make_part(email=email, **order)
        for email in (user.email.upper(), "neighbour@people.example")
    )
    picture = io.BytesIO()
    Image.new("RGB", (64, 64)).save(picture, "JPEG")
    for part in (hers, other):
        row = ask(part, picture=picture.getvalue())
        Trouble.objects.filter(pk=row.pk).update(state="solved", closed_at=ASKED)
    out = io.BytesIO()
    dossier.write(user, out, timezone.now())
    shown = [name for name in unzip(out.getvalue()) if name.startswith("troubles/")]

    with django_capture_on_commit_callbacks(execute=True):
        assert erasure.close(user, timezone.now())

    facts = ("brand_order__order__phone", "words", "picture")
    assert Trouble.objects.filter(brand_order=hers).values_list(*facts).get() == ("", "", "")
    kept = Trouble.objects.filter(brand_order=other).values_list(*facts).get()
    assert kept[:2] == ("+31612345678", "Broken.") and private_files().exists(kept[2])
    assert len(shown) == 1 and not private_files().exists(shown[0])


def test_a_line_that_a_crash_cut_takes_no_other_along(settings, tmp_path):
    settings.ERASURES_FILE = tmp_path / "erasures.jsonl"
    at = timezone.now()
    erasures.note(1, at)
    with settings.ERASURES_FILE.open("a") as file:
        file.write('{"user": 2, "a')  # here the machine lost its power
    erasures.note(3, at)

    assert set(erasures.noted(at)) == {1, 3}


@pytest.mark.parametrize("seed", range(4))
def test_the_books_stay_whole_whoever_leaves(seed):
    chance = random.Random(seed)
    people = [make_creator(followers=6_000, user=make_user()) for _ in range(4)]
    brands = [make_brand() for _ in range(2)]
    for creator in people:
        if chance.random() < 0.8:
            make_payable(creator)
        for _ in range(chance.randrange(4)):
            late = timedelta(days=chance.choice([0, 0, 30]))
            make_commission(
                creator, chance.choice(brands), price=chance.randrange(100, 90_000),
                delivered=DUE - timedelta(days=15) + late,
            )  # fmt: skip
    settlement.settle(NIGHT_OVER)
    if chance.random() < 0.7:
        payouts.build(NIGHT_OVER)
    before, broken = audit(), books.check(NIGHT_OVER)
    assert broken == {} and len(before) >= 5

    left = []
    for creator in chance.sample(people, 3):
        try:
            left.append(erasure.close(creator.user, NIGHT_OVER))
        except erasure.NotClosable as error:
            assert error.codes == ["owed"]

    assert audit() == before
    assert books.check(NIGHT_OVER) == {}
    assert Creator.objects.filter(status="closed").count() == len(left)


def test_a_closed_account_is_still_paid_what_it_earned():
    creator = noor()
    make_payable(creator)
    make_commission(creator, price=500)  # under the minimum of a payout
    with pytest.raises(erasure.NotClosable):
        poor = noor_without_account()
        erasure.close(poor.user, NIGHT_OVER)

    erasure.close(creator.user, timezone.now())
    settlement.settle(NIGHT_OVER)
    payouts.build(NIGHT_OVER)

    paid = Payout.objects.get(creator=creator)
    assert paid.amount == Commission.objects.get(creator=creator).amount
    assert paid.method.iban != ""


def noor_without_account() -> Creator:
    creator = make_creator(followers=6_000, user=make_user())
    make_commission(creator)
    return creator


def test_tax_facts_are_kept_sealed_and_go_after_ten_years():
    creator = noor()
    make_payable(creator)
    now = timezone.now()
    erasure.close(creator.user, now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tin, birth_on_iso FROM affiliates_taxidentity")
        assert all(word.startswith("gAAAA") for word in cursor.fetchone())
    assert TaxProfile.objects.get(creator=creator).legal_name != "erased"

    assert erasure.expire(now + timedelta(days=3_600)) == 0
    assert [erasure.expire(now + timedelta(days=3_660)) for _ in range(2)] == [1, 0]

    assert not TaxIdentity.objects.exists()
    assert TaxProfile.objects.get(creator=creator).legal_name == "erased"
    assert PayoutMethod.objects.get(creator=creator).iban == ""


def test_staff_and_the_only_owner_of_a_brand_go_later():
    user = make_user(is_staff=True)
    brand = make_brand()
    Membership.objects.create(user=user, brand=brand)
    assert erasure.reasons_not_to(user) == ["staff", "owner"]

    Membership.objects.create(user=make_user(), brand=brand)
    user.is_staff = False
    user.save()
    erasure.close(user, timezone.now())
    assert brand.memberships.count() == 1


def test_after_a_restore_nothing_keeps_a_person_who_had_closed_her_account(settings, tmp_path):
    settings.ERASURES_FILE = tmp_path / "erasures.jsonl"
    poor, now = noor_without_account(), timezone.now()
    owner = make_user(is_staff=True)
    Membership.objects.create(user=owner, brand=make_brand())
    for user in (poor.user, owner):
        erasures.note(user.pk, now)

    assert erasure.again(now) == {poor.user.pk: ["owed"], owner.pk: ["staff", "owner"]}
    assert erasure.again(now) == {}
    poor.refresh_from_db()
    owner.refresh_from_db()
    assert (poor.handle, poor.user, owner.email) == (f"gone.{poor.pk}", None, "")
    assert not owner.is_staff


def test_the_guards_stand_again_after_an_erasure():
    first, second = noor(), make_creator(followers=2_000, user=make_user())
    erasure.close(first.user, timezone.now())
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(creator=second).update(outcome="declined")
    CaseEvent.objects.create(case=first.cases.get(), at=timezone.now(), kind="note")
    with pytest.raises(DatabaseError), transaction.atomic():
        CaseEvent.objects.update(text="other words")


def test_the_page_says_what_goes_and_closes_on_purpose_only(client):
    creator = noor()
    sign_in(client, creator.user, second_factor=False)

    page = client.get("/accounts/close/").content.decode()
    assert "Erased at once" in page and "Ten years" in page
    assert client.post("/accounts/close/", {}).status_code == 422
    assert client.post("/accounts/close/", {"sure": "on"})["Location"] == "/"

    assert client.get("/creator/")["Location"].startswith("/accounts/login/")
    creator.refresh_from_db()
    assert creator.status == "closed"
    assert client.get("/@noor.secret/").status_code == 404


def test_the_command_says_what_is_in_the_way_and_may_be_repeated(capsys):
    creator = noor_without_account()
    call_command("erase_user", creator.user.email)
    assert "owed money" in capsys.readouterr().out
    with pytest.raises(CommandError, match="owed money"):
        call_command("erase_user", creator.user.email, yes=True)

    make_payable(creator)
    for said in ("is erased", "erased before"):
        call_command("erase_user", str(creator.user.pk), yes=True)
        assert said in capsys.readouterr().out


def test_a_minor_is_turned_away_and_nothing_of_her_is_stored(client):
    user = make_user()
    client.force_login(user)
    born = timezone.localdate() - timedelta(days=16 * 365)
    form = {
        "display_name": "Young One", "handle": "young.one", "birth_on": born.isoformat(),
        "country": "NL", "languages": ["nl"], "niches": [],
    }  # fmt: skip
    page = client.post("/creator/join/", form)

    assert page.status_code == 422
    assert "We have not kept what you typed" in page.content.decode()
    assert not Creator.objects.filter(user=user).exists()
    assert born.isoformat() not in json.dumps(dict(client.session.items()), default=str)
    assert set(dossier.collect(user)) <= {
        "auth.User", "account.EmailAddress", "config.AuditEntry", "usersessions.UserSession",
    }  # fmt: skip
    assert get_user_model().objects.filter(pk=user.pk).exists()
    assert policy.age_on(born, timezone.localdate()) < 18
