"""Every page that a browser can open, for whom it is: ours, of the accounts, of the desk, of errors.

`NO_PAGE` names what is no page, and why: what is neither there nor visited fails the test.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from config import checks
from creators.models import Creator, EnrolmentPolicy
from shop.models import Brand, Membership
from tests import stage, tour
from tests.affiliates.factories import sign_in

NEWCOMER = "newcomer@thousand.example"
JOINING = "joining@thousand.example"
OWNER = "owner@thousand.example"  # of the brand, with a second factor
ACCOUNTS = ("account_", "mfa_", "usersessions_", "socialaccount_")
FACTORS = {  # the creator has a second factor, the brand has none, the admin has codes beside it
    "account_logout": [tour.BRAND],
    "mfa_activate_totp": [tour.BRAND],
    "mfa_deactivate_totp": [tour.CREATOR],
    "mfa_view_recovery_codes": [tour.ADMIN],
    "mfa_generate_recovery_codes": [tour.CREATOR, tour.ADMIN],
}
ERRORS = ("400", "403", "403_csrf", "404", "429", "500", "503")
NO_PAGE = re.compile(
    r"^(affiliates:(calendar|verifier|statement|go|alias|share_image|export_file|passport_keys"
    r"|passport_revocations|self_bill|brand_invoice|creator_table|brand_table|passport_file"
    r"|creator_kit|brand_kit|link_qr|page_qr)|affiliates"  # files, and ways to a page
    r"|shop:(order_invoice|order_document|brand_invoice|brand_document|brand_trouble_picture)"
    r"|shop:elsewhere|creators:channel_callback"  # lead on
    r"|api:\w+|favicon|healthz|readyz|metrics|media|picture|robots|sitemaps?|security_txt|start"
    r"|account_set_password"  # everybody has one
    r"|account_(confirm_login_code|reset_password_from_key|inactive|email_verification_sent)"
    r"|creators:channel_dispute|mailbox_message"  # in the middle of a journey: see the others here
    r"|mfa_(authenticate|reauthenticate_webauthn|login_webauthn|download_recovery_codes)"
    r"|mfa_(remove|edit)_webauthn"  # has no key that a test could hold
    r"|socialaccount_\w+"  # nobody signs in with a platform: they lead away
    r"|admin:(logout|login|jsi18n|autocomplete|view_on_site|password_change\w*"
    r"|\w+_(export|picture|screenshot|history|delete|run|say|answer|rehearse))|admin)$"
)


class Visit(NamedTuple):
    name: str
    who: str | None
    path: str
    status: int = 200
    body: str = ""  # answered in place of the site's own


def everybody() -> dict[str | None, Client]:
    """Return a browser for each kind of person; those with a second factor just gave it."""
    made: dict[str | None, Client] = {tour.SHOPPER: Client(headers={"host": "localhost"})}
    _newcomers()
    for mail in (tour.CREATOR, tour.BRAND, tour.ADMIN, NEWCOMER, JOINING, OWNER):
        made[mail] = Client(headers={"host": "localhost"})
        user = User.objects.get(email=mail)
        sign_in(made[mail], user, second_factor=mail in {tour.CREATOR, tour.ADMIN, OWNER})
        session = made[mail].session
        for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
            record["reauthenticated"] = True
        session.save()
    return made


def _newcomers() -> None:
    """Who has not begun to join, who is in the middle of it, and a brand's second owner."""
    for mail in (NEWCOMER, JOINING, OWNER):
        User.objects.create_user(mail.partition("@")[0], mail, "a-long-walk-in-the-rain-7")
    user = User.objects.get(email=JOINING)
    Creator.objects.create(user=user, handle="joining", display_name="Joining", country="NL")
    brand = Brand.objects.get(memberships__user__email=tour.BRAND)
    Membership.objects.create(user=User.objects.get(email=OWNER), brand=brand)


def visits(clients: dict[str | None, Client]) -> list[Visit]:
    """Return what there is to see, the market being filled."""
    creator = Creator.objects.get(user__email=tour.CREATOR)
    brand = Brand.objects.get(memberships__user__email=tour.BRAND)
    staged = stage.fill(creator, brand, clients[tour.SHOPPER], timezone.now())
    ours = [page for page in tour.pages(staged) if not page.name.startswith("admin:")]
    return [
        *(Visit(*page) for page in ours if not NO_PAGE.match(page.name)),
        *_accounts(),
        *_demo(),
        *_desk(),
        Visit("creators:join", NEWCOMER, "/creator/join/"),
        Visit("creators:join_channels", JOINING, "/creator/join/channels/"),
        Visit("shop:brand_join", NEWCOMER, "/brands/join/"),
        Visit("affiliates:balance_tax", OWNER, f"/brand/{brand.slug}/balance/tax/"),
    ]


def errors(language: str) -> list[Visit]:
    """Return the pages that say what went wrong, which answer in place of others."""
    with translation.override(language):
        context = {"request_id": "0123456789abcdef", "minutes": 5, "LANGUAGE_CODE": language}
        return [
            Visit(f"error {name}", None, f"/error-{name}/", int(name[:3]),
                  render_to_string(f"{name}.html", context))
            for name in ERRORS
        ]  # fmt: skip


def _accounts() -> Iterator[Visit]:
    for route in checks.routes():
        plain = "<" not in route.pattern and "^" not in route.pattern
        page = route.name.startswith(ACCOUNTS) and not NO_PAGE.match(route.name)
        if page and plain and "GET" in route.methods:
            both = [tour.CREATOR, tour.BRAND]
            usual = [None] if route.who == "public" else both
            for who in FACTORS.get(route.name, usual):
                yield Visit(route.name, who, route.pattern)


def _demo() -> Iterator[Visit]:
    yield Visit("api_docs", None, "/api/v1/docs")
    yield Visit("mailbox", None, "/mailbox/")


def _desk() -> Iterator[Visit]:
    """The desk of who runs the market: each list, a row of each, what can be added, our own tools."""
    patterns = {route.name: route.pattern for route in checks.routes() if route.name}
    yield Visit("admin:index", tour.ADMIN, "/admin/")
    for app in apps.get_app_configs():
        if any(model._meta.app_config is app for model in admin.site._registry):
            yield Visit("admin:app_list", tour.ADMIN, f"/admin/{app.label}/")
    asks = RequestFactory().get("/admin/")
    asks.user = User.objects.get(email=tour.ADMIN)
    for model, desk in admin.site._registry.items():
        stem = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield Visit(f"{stem}_changelist", tour.ADMIN, patterns[f"{stem}_changelist"])
        row = desk.model._default_manager.order_by("pk").first()
        if row is not None:
            path = patterns[f"{stem}_change"].replace("<path:object_id>", str(row.pk))
            yield Visit(f"{stem}_change", tour.ADMIN, path)
        if desk.has_add_permission(asks):
            yield Visit(f"{stem}_add", tour.ADMIN, patterns[f"{stem}_add"])
    policy = EnrolmentPolicy.objects.earliest("pk")
    path = patterns["admin:creators_enrolmentpolicy_what_if"]
    yield Visit("admin:creators_enrolmentpolicy_what_if", tour.ADMIN,
                path.replace("<int:pk>", str(policy.pk)))  # fmt: skip
