"""Who did what is written down by the database, cannot be changed, and a change would be found."""

from importlib import import_module

import psycopg
import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction
from django.urls import reverse

from config import audit
from config.lib import audit as lib
from config.models import AuditEntry
from tests import harness
from tests.affiliates.factories import (
    make_brand,
    make_collaboration,
    make_creator,
    make_user,
    sign_in,
)
from tests.conftest import SERVERS

pytestmark = pytest.mark.django_db
WORD = "kaap-duin-3381-wolk"


def acts(**of) -> list[tuple]:
    return list(AuditEntry.objects.filter(**of).order_by("id").values_list("act", "object"))


@pytest.fixture
def person():
    user = make_user(password=WORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def test_signing_in_and_failing_to_is_written_down(client, person):
    client.post("/accounts/login/", {"login": person.email, "password": "not-the-word-1"})
    client.post("/accounts/login/", {"login": person.email, "password": WORD})
    client.post("/accounts/logout/")

    me = f"auth_user:{person.pk}"
    assert acts(user_id=None, act="sign-in failed") == [("sign-in failed", "")]
    assert acts(user_id=person.pk) == [("signed in", me), ("signed out", me)]
    assert WORD not in str(list(AuditEntry.objects.values()))
    assert person.email not in str(list(AuditEntry.objects.values()))


def test_who_was_refused_is_written_down(client, person):
    brand = make_brand()
    client.force_login(person)
    client.raise_request_exception = False
    client.get("/media/feeds/1/catalogue.csv")
    client.post(f"/brand/{brand.slug}/settings/", HTTP_SEC_FETCH_SITE="cross-site")

    refused = acts(user_id=person.pk, act="refused")
    assert refused == [
        ("refused", "GET /media/<path:path>"),
        ("refused", "POST /brand/<slug:brand_slug>/settings/"),
    ]


def test_a_new_bank_account_is_written_down_with_whose_it_is_but_not_its_number(client):
    creator = make_creator()
    sign_in(client, creator.user)
    client.post(
        reverse("affiliates:payout_bank"),
        {"bank-iban": "NL91 ABNA 0417 1643 00", "bank-holder": "A. Person"},
    )

    entry = AuditEntry.objects.get(object__startswith="affiliates_payoutmethod:", act="insert")
    assert (entry.user_id, entry.before) == (creator.user_id, None)
    assert entry.after["creator_id"] == creator.pk
    assert entry.after["iban"] == "[kept back]"
    assert "0417164300" not in str(list(AuditEntry.objects.values()))


def test_a_rate_a_role_and_staff_have_a_before_and_an_after():
    person, offer = make_user(), make_collaboration(make_brand())
    lib.tell(person.pk, "request-1", "brand 7")
    offer.rate_bp = 1500
    offer.save()
    offer.name = "Another name"
    offer.save()
    person.is_staff = True
    person.save()
    lib.tell(None)

    rate, role = AuditEntry.objects.filter(request_id="request-1").order_by("id")
    assert (rate.before["rate_bp"], rate.after["rate_bp"]) == (1200, 1500)
    assert (rate.user_id, rate.acting_for, rate.object) == (
        person.pk, "brand 7", f"affiliates_collaboration:{offer.pk}",
    )  # fmt: skip
    assert (role.before["is_staff"], role.after["is_staff"]) == (False, True)
    assert (role.before["password"], role.after["password"]) == ("[kept back]", "[kept back]")


def test_a_new_address_is_written_down_as_changed_and_not_as_what(person):
    lib.tell(person.pk, "request-2", "")
    person.email = "somebody.else@people.example"
    person.save()
    lib.tell(None)

    entry = AuditEntry.objects.get(request_id="request-2")
    assert (entry.before["email"], entry.after["email"]) == ("[kept back]", "[changed]")
    assert entry.after["is_active"] is True


def test_a_request_leaves_nothing_told_to_the_connection(client, person):
    client.force_login(person)
    client.post("/accounts/email/", {"email": "x"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('thousand.who', true)")
        assert cursor.fetchone()[0] in {"", None}


def test_nobody_changes_a_row_and_a_change_is_found():
    for n in range(3):
        lib.note(f"act {n}", "thing:1", facts={"n": n})
    assert audit.seal() >= 3
    assert audit.seal() == 0
    before = audit.verify()
    assert (before.broken_at, len(before.head)) == (None, 64)

    for table in ("config_auditentry", "config_auditlink"):
        assert table in settings.APPEND_ONLY_TABLES
        for verb in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(verb)


@pytest.mark.django_db(transaction=True)
def test_what_even_the_owner_changed_is_found(capsys):
    for n in range(4):
        lib.note(f"act {n}", "thing:1", facts={"n": n})
    audit.seal()
    name = connection.settings_dict["NAME"]
    for table in ("config_auditentry", "config_auditlink"):
        for verb in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            refused = pytest.raises(psycopg.Error, match="refused")
            with refused, harness.connect(SERVERS, name) as own:
                own.execute(verb)
    victim = AuditEntry.objects.get(act="act 1")
    with harness.connect(SERVERS, name) as own:
        own.execute("SET session_replication_role = replica")  # triggers off
        own.execute("UPDATE config_auditentry SET object = 'thing:2' WHERE act = 'act 1'")

    assert audit.verify().broken_at == victim.pk
    with pytest.raises(SystemExit):
        call_command("verify_audit")
    assert f"Entry {victim.pk} is not what was written." in capsys.readouterr().err


def written(own, act, about, age) -> int:
    """Write an entry of some time ago; return its id."""
    row = own.execute(
        "INSERT INTO config_auditentry (at, act, object) VALUES (now() - %s::interval, %s, %s)"
        " RETURNING id",
        [age, act, about],
    )
    return row.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_what_is_past_its_time_goes_and_the_rest_is_still_proved(capsys):
    with harness.connect(SERVERS, connection.settings_dict["NAME"]) as own:
        ages = [
            written(own, *facts)
            for facts in [
                ("signed in", "auth_user:1", "3 years"),
                ("insert", "affiliates_payoutmethod:1", "3 years"),
                ("insert", "affiliates_payoutmethod:2", "8 years"),
                ("erased", "auth_user:2", "3 years"),
                ("signed in", "auth_user:1", "1 year"),
            ]
        ]
    assert audit.expire() == 0  # not in the chain yet
    audit.seal()
    head = audit.verify().head

    assert [audit.expire(), audit.expire()] == [2, 0]

    left = list(AuditEntry.objects.order_by("id").values_list("id", flat=True))
    assert left == [ages[1], ages[3], ages[4]]
    assert audit.verify() == audit.Chain(5, 2, head, None)
    lib.note("act", "thing:1")
    call_command("verify_audit")
    assert "6 entries, each as it was written, 2 past their time." in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM config_auditentry WHERE act = 'young'",
        "UPDATE config_auditlink SET kept_until = '2020-01-01' WHERE entry_id ="
        " (SELECT id FROM config_auditentry WHERE act = 'young');"
        "DELETE FROM config_auditentry WHERE act = 'young'",
        "UPDATE config_auditentry SET at = now() - interval '5 years' WHERE act = 'young'",
        "UPDATE config_auditlink SET digest = sha256('x') WHERE entry_id ="
        " (SELECT id FROM config_auditentry WHERE act = 'young')",
        "DELETE FROM config_auditlink WHERE entry_id ="
        " (SELECT id FROM config_auditentry WHERE act = 'young')",
    ],
)
def test_nobody_passes_a_young_entry_off_as_past_its_time(harm):
    lib.note("old", "thing:1")
    lib.note("young", "thing:1")
    lib.note("last", "thing:1")
    audit.seal()
    with harness.connect(SERVERS, connection.settings_dict["NAME"]) as own:
        with pytest.raises(psycopg.Error, match="is kept until"):
            own.execute("DELETE FROM config_auditentry WHERE act = 'young'")
        own.execute("SET session_replication_role = replica")  # triggers off
        own.execute(harm)

    assert audit.verify().broken_at is not None


def test_every_column_that_is_watched_is_there():
    watched = import_module("config.migrations.0001_audit_log").WATCHED
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns")
        there = set(cursor.fetchall())
    assert {(row[0], name) for row in watched for name in row[2].split()} <= there


def test_a_superuser_reads_it_and_others_do_not(client):
    lib.note("act", "thing:1")
    sign_in(client, make_user(is_staff=True, is_superuser=True))
    assert "thing:1" in client.get("/admin/config/auditentry/").content.decode()
    assert client.get("/admin/config/auditentry/add/").status_code == 403

    sign_in(client, make_user(is_staff=True))
    assert client.get("/admin/config/auditentry/").status_code == 403
