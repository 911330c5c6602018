"""The staff's two roles in the admin: each sees what its work needs, and only that."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils import timezone

from affiliates import links
from affiliates.models import Link
from config import staff
from creators.models import Case
from tests.affiliates import factories as money
from tests.affiliates.factories import make_collaboration, make_user
from tests.creators.factories import make_creator
from tests.shop.factories import make_brand, make_variant

pytestmark = pytest.mark.django_db
ROLES = [staff.FINANCE, staff.SUPPORT]


@pytest.fixture
def sign_in(client):
    def begin(role):
        user = make_user(is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        money.sign_in(client, user)
        return user

    return begin


def lists() -> dict[str, str]:
    """Return model → address of its list, for all that the admin knows."""
    reverse("admin:index")  # its addresses find the desks
    return {
        model._meta.label_lower: reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        )
        for model in list(admin.site._registry)
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_the_lists_of_its_work_and_no_other(role, client, sign_in):
    sign_in(role)
    mine = set(staff.SEES[role].split())

    answers = {label: client.get(url).status_code for label, url in lists().items()}

    assert {label for label, status in answers.items() if status == 200} == mine & set(answers)
    assert set(answers.values()) == {200, 403}


@pytest.mark.parametrize("role", ROLES)
def test_every_right_of_a_role_exists_and_shows_the_rows_within_its_rows(role):
    known = {
        f"{row.content_type.app_label}.{row.codename}"
        for row in Permission.objects.select_related("content_type")
    }
    seen = set(staff.SEES[role].split())
    inner = {
        inline.model._meta.label_lower
        for model, desk in admin.site._registry.items()
        for inline in desk.inlines
        if model._meta.label_lower in seen
    }

    assert staff.rights(role) - known == set()
    # who works at a brand is a superuser's matter, a creator's channels are support's
    assert inner - seen <= {"shop.membership", "creators.channel"}


def test_money_and_bank_accounts_are_not_for_support_nor_people_for_finance():
    assert not {
        "affiliates.ledgerentry", "affiliates.payout", "affiliates.payoutmethod",
        "affiliates.taxprofile",
    } & set(staff.SEES[staff.SUPPORT].split())  # fmt: skip
    assert not {"creators.channel", "shop.product"} & set(staff.SEES[staff.FINANCE].split())
    for role in ROLES:
        assert not [r for r in staff.rights(role) if r.startswith(("auth.", "mfa.", "account."))]


def test_a_right_that_was_added_by_hand_is_gone_after_a_migrate():
    group = Group.objects.get(name=staff.SUPPORT)
    group.permissions.add(Permission.objects.get(codename="delete_order"))

    staff.restore()

    held = group.permissions.values_list("content_type__app_label", "codename")
    assert {".".join(right) for right in held} == staff.rights(staff.SUPPORT)


def act(client, model: str, action: str, pk: int):
    data = {"action": action, "_selected_action": [pk], "reason": "looked at"}
    return client.post(lists()[model], data, follow=True)


@pytest.mark.parametrize(("role", "after"), [("finance", "answered"), ("support", "dismissed")])
def test_support_decides_a_case_and_finance_only_reads_it(role, after, client, sign_in):
    sign_in(role)
    case = Case.objects.create(kind="report", state="answered", opened_at=timezone.now())

    act(client, "creators.case", "dismiss", case.pk)

    case.refresh_from_db()
    assert case.state == after


@pytest.mark.parametrize(
    ("role", "status", "on"), [("finance", 403, True), ("support", 200, False)]
)
def test_only_support_switches_a_link_off(role, status, on, client, sign_in):
    sign_in(role)
    variant = make_variant(brand=make_brand())
    make_collaboration(variant.brand)
    now = timezone.now()
    creator = make_creator(handle="noor", followers=6_000, user=make_user(), at=now)
    links.accept_terms(creator.user, now)
    link = links.take(creator, product=variant.product, platform="tiktok", at=now)

    answer = act(client, "affiliates.link", "switch_off", link.pk)

    assert (answer.status_code, Link.objects.get().is_active) == (status, on)
