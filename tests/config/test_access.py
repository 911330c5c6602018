"""Every address says who may see it; the rules hold."""

import json
from datetime import datetime

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from config import checks
from config.lib import access

pytestmark = pytest.mark.django_db


@require_POST
def undeclared(request):
    return HttpResponse("hello")


urlpatterns = [path("secret/", undeclared), path("open/", access.public(undeclared), name="open")]


def test_every_address_declares_who_may_see_it():
    assert checks.every_view_declares_who_may_see_it(None) == []


def test_a_view_without_a_rule_is_an_error(settings):
    settings.ROOT_URLCONF = "tests.config.test_access"

    assert [error.id for error in checks.every_view_declares_who_may_see_it(None)] == [
        "config.E001"
    ]


def test_routes_tells_name_pattern_methods_and_who(settings, capsys):
    settings.ROOT_URLCONF = "tests.config.test_access"
    call_command("routes", "--json")

    assert json.loads(capsys.readouterr().out) == [
        {"name": "", "pattern": "/secret/", "methods": ["POST"], "who": None, "owner_only": []},
        {"name": "open", "pattern": "/open/", "methods": ["POST"], "who": "public",
         "owner_only": []},
    ]  # fmt: skip


def test_routes_tells_what_only_an_owner_of_a_brand_may_do(capsys):
    call_command("routes", "--json")
    rows = {row["name"]: row["owner_only"] for row in json.loads(capsys.readouterr().out)}

    assert {name: owner for name, owner in rows.items() if owner} == {
        "affiliates:balance_tax": ["GET", "HEAD", "POST"],
        "affiliates:brand_endpoint_remove": ["POST"],
        "affiliates:brand_endpoint_secret": ["POST"],
        "affiliates:brand_endpoint_switch": ["POST"],
        "affiliates:brand_endpoints": ["POST"],
        "affiliates:brand_token_revoke": ["POST"],
        "affiliates:brand_tokens": ["GET", "HEAD", "POST"],
        "shop:brand_delivery": ["POST"],
        "shop:brand_settings": ["POST"],
        "shop:brand_terms": ["POST"],
        "shop:integration_secret": ["POST"],
        "shop:integration_switch": ["POST"],
        "shop:integrations": ["POST"],
        "shop:recall": ["POST"],
        "shop:stock_connect": ["POST"],
        "shop:stock_here": ["POST"],
        "shop:stock_off": ["POST"],
        "shop:team": ["POST"],
        "shop:team_person": ["POST"],
        "shop:team_withdraw": ["POST"],
    }


def test_staff_rules_ask_for_the_group(rf):
    view = access.staff("finance")(lambda request: HttpResponse("books"))
    support = User.objects.create_user("support", is_staff=True)
    finance = User.objects.create_user("finance", is_staff=True)
    finance.groups.add(Group.objects.get_or_create(name="finance")[0])
    root = User.objects.create_superuser("root")
    for user in (support, finance, root):
        Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})

    def answer(user):
        request = rf.get("/books/")
        request.user = user
        return view(request)

    assert view.access_rule == "staff:finance"
    assert answer(finance).content == b"books"
    assert answer(root).content == b"books"
    assert answer(AnonymousUser()).headers["Location"] == "/accounts/login/?next=/books/"
    with pytest.raises(PermissionDenied):
        answer(support)


def test_staff_without_a_second_factor_are_sent_to_set_one_up(client):
    admin = User.objects.create_superuser("admin", "admin@market.example", "x")
    client.force_login(admin)

    assert client.get("/admin/").headers["Location"] == "/accounts/2fa/"

    Authenticator.objects.create(user=admin, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert client.get("/admin/").status_code == 200


def test_the_admin_sends_strangers_to_sign_in(client):
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")


def test_private_pages_are_not_stored_and_nobody_frames_us(client):
    answer = client.get("/accounts/login/")

    assert "no-store" in answer.headers["Cache-Control"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_language_switch_keeps_page_and_query(client):
    answer = client.post("/language/", {"language": "nl", "next": "/shop/?q=thee&page=2"})

    assert answer.headers["Location"] == "/shop/?q=thee&page=2"
    assert client.cookies["django_language"].value == "nl"


def test_mail_lands_in_the_mailbox(client, settings, tmp_path):
    from django.core.mail import send_mail

    settings.EMAIL_BACKEND = "config.mailbox.Mailbox"
    settings.MAIL_DIR = tmp_path / "mail"
    send_mail("First", "One", None, ["ann@market.example"])
    send_mail("Second", "Two", None, ["bob@market.example"])

    assert [mail["subject"] for mail in client.get("/mailbox/").context["mails"]] == [
        "Second",
        "First",
    ]
    found = client.get("/mailbox/?to=ann").context["mails"]
    assert [(mail["to"], mail["text"].strip()) for mail in found] == [("ann@market.example", "One")]
    assert client.get(f"/mailbox/{found[0]['name']}/").context["mail"]["subject"] == "First"
    assert client.get("/mailbox/..%2Fsecret-key/").status_code == 404


@pytest.mark.parametrize(
    ("language", "subject", "line"),
    [
        ("en", "Set a new password", "Follow this link to set a new password:"),
        ("nl", "Kies een nieuw wachtwoord", "Volg deze link om een nieuw wachtwoord te kiezen:"),
    ],
)
def test_account_mail_speaks_the_language_of_the_page(client, mailoutbox, language, subject, line):
    User.objects.create_user("noor", "noor@market.example", "wolk-duin-3381-kaap")

    client.post(
        "/accounts/password/reset/",
        {"email": "noor@market.example"},
        headers={"accept-language": language},
    )

    assert (mailoutbox[0].subject, line in mailoutbox[0].body) == (subject, True)
    assert "!" not in mailoutbox[0].body


def test_another_sites_page_changes_nothing_whatever_token_it_has():
    client = Client(enforce_csrf_checks=False)
    said = {"language": "nl", "next": "/shop/"}

    assert client.post("/language/", said, HTTP_SEC_FETCH_SITE="same-origin").status_code == 302
    assert client.post("/language/", said, HTTP_SEC_FETCH_SITE="cross-site").status_code == 403
    assert client.get("/shop/", HTTP_SEC_FETCH_SITE="cross-site").status_code == 200


def test_machines_are_let_through(client):
    answer = client.post("/hooks/fake/", {}, HTTP_SEC_FETCH_SITE="cross-site")

    assert answer.status_code == 400  # no signature: the webhook's own answer


def test_who_finds_a_hole_finds_us(client, settings):
    settings.SECURITY_CONTACT = "holes@market.example"
    lines = dict(
        line.split(": ", 1)
        for line in client.get("/.well-known/security.txt").content.decode().splitlines()
    )

    assert lines["Contact"] == "mailto:holes@market.example"
    assert timezone.now() < datetime.fromisoformat(lines["Expires"])
