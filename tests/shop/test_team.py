"""Owners and members of a brand: what each may do, and who may join."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from affiliates import erasure
from shop import brands, tasks, team
from shop.models import Brand, Membership, TeamInvitation
from tests.affiliates.factories import sign_in
from tests.shop.factories import AT, make_brand, make_user, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_user()


@pytest.fixture
def brand(owner):
    return make_brand(owner=owner)


def make_member(brand, role="member"):
    return Membership.objects.create(user=make_user(), brand=brand, role=role)


def signed_in(user) -> Client:
    client = Client()
    sign_in(client, user, second_factor=False)
    return client


def confirmed(address):
    user = make_user(email=address)
    EmailAddress.objects.create(user=user, email=address, verified=True)
    return user


def invited(client, brand, address, role="member") -> str:
    """Invite by the page; return the path that the mail leads to."""
    client.post(f"/brand/{brand.slug}/team/", {"email": address, "role": role})
    tasks.mail_team_invitation(TeamInvitation.objects.latest("pk").pk)
    assert mail.outbox[-1].to == [address]
    return re.search(r"https?://[^/]+(/team/\S+/)", mail.outbox[-1].body)[1]


def test_a_member_works_but_does_not_change_the_trader_or_the_team(brand, owner):
    member, variant = make_member(brand), make_variant(brand=brand)
    client, root = signed_in(member.user), f"/brand/{brand.slug}"
    pages = ["", "/settings", "/team", "/products", "/orders", "/collaborations", "/terms"]
    seen = {page: client.get(f"{root}{page}/") for page in pages}
    assert {answer.status_code for answer in seen.values()} == {200}
    assert "Only an owner of the brand changes these." in seen["/settings"].content.decode()
    assert "Send the invitation" not in seen["/team"].content.decode()

    other = Membership.objects.get(user=owner)
    for path, facts in [
        ("/settings/", {"name": "Mine now", "legal_name": "Thief"}),
        ("/terms/", {}),
        ("/team/", {"email": "pal@people.example", "role": "owner"}),
        (f"/team/{other.pk}/", {"remove": "1"}),
        (f"/team/{member.pk}/", {"role": "owner"}),
    ]:
        answer = client.post(root + path, facts)
        assert answer.status_code == 403
        assert f"Only an owner of {brand.name} may do this" in answer.content.decode()
    path = f"{root}/products/{variant.product_id}/status/"
    assert client.post(path, {"archive": "1"}).status_code == 302
    member.refresh_from_db()
    brand.refresh_from_db()
    assert (brand.name != "Mine now", member.role) == (True, "member")
    assert not TeamInvitation.objects.exists()
    assert sorted(brand.memberships.values_list("role", flat=True)) == ["member", "owner"]


def test_an_invited_address_joins_once_and_no_other_does(brand, owner):
    path = invited(signed_in(owner), brand, "new@people.example")
    stranger, new = signed_in(confirmed("else@people.example")), confirmed("New@people.example")
    assert Client().get(path)["Location"].startswith("/accounts/login/")

    assert "for another address" in stranger.get(path).content.decode()
    assert stranger.post(path).status_code == 422
    client = signed_in(new)
    assert brand.name in client.get(path).content.decode()
    assert [client.post(path).status_code for _ in range(2)] == [302, 404]

    assert brand.memberships.get(user=new).role == "member"
    assert brand.memberships.count() == 2


def test_an_unconfirmed_address_does_not_join(brand, owner):
    path = invited(signed_in(owner), brand, "new@people.example")
    user = make_user(email="new@people.example")
    EmailAddress.objects.create(user=user, email=user.email, verified=False)

    assert signed_in(user).post(path).status_code == 422
    assert brand.memberships.count() == 1


def test_an_invitation_ends_after_a_week_or_when_it_is_withdrawn_or_replaced(brand, owner):
    user = confirmed("new@people.example")
    old = team.invite(brand, user.email, "owner", by=owner, at=AT)
    token = team.token_of(old)
    assert team.by_token(token, AT + timedelta(days=6, hours=23)) == old
    assert team.by_token(token, AT + timedelta(days=7)) is None
    assert team.by_token(token[:-1] + ("a" if token[-1] != "a" else "b"), AT) is None
    with pytest.raises(team.NotInvited):
        team.accept(old, user, AT + timedelta(days=7))

    new = team.invite(brand, user.email.upper(), "member", by=owner, at=AT)
    assert (team.by_token(token, AT), team.by_token(team.token_of(new), AT)) == (None, new)
    client = signed_in(owner)
    client.post(f"/brand/{brand.slug}/team/invitations/{new.pk}/withdraw/")
    assert not brand.invitations.exists()


def test_the_last_owner_stays(brand, owner):
    member, client = make_member(brand), signed_in(owner)
    root, own = f"/brand/{brand.slug}/team/", Membership.objects.get(user=owner)
    for path, facts in [(f"{own.pk}/", {"role": "member"}), (f"{own.pk}/", {"remove": "1"}),
                        ("leave/", {})]:  # fmt: skip
        client.post(root + path, facts)
        own.refresh_from_db()
        assert own.role == "owner"

    client.post(f"{root}{member.pk}/", {"role": "owner"})
    client.post(f"{root}leave/")
    assert list(brand.memberships.values_list("user", "role")) == [(member.user_id, "owner")]


def test_an_owner_whose_account_is_off_is_no_other_owner(brand, owner):
    off, own = make_member(brand, "owner"), Membership.objects.get(user=owner)
    off.user.is_active = False
    off.user.save()

    with pytest.raises(team.LastOwner):
        team.remove(own)
    assert "owner" in erasure.reasons_not_to(owner)

    team.remove(off)
    with pytest.raises(team.Gone):
        team.remove(off)
    assert brand.memberships.get() == own


def test_whoever_is_let_go_leaves_no_invitation_behind(brand, owner):
    thief = make_member(brand, "owner")
    door = team.invite(brand, "pal@people.example", "owner", by=thief.user, at=AT)
    kept = team.invite(brand, "new@people.example", "member", by=owner, at=AT)

    team.change_role(thief, "member")

    assert list(brand.invitations.all()) == [kept]
    with pytest.raises(team.NotInvited):
        team.accept(door, confirmed("pal@people.example"), AT)


def test_saving_the_settings_takes_back_nothing_that_was_decided_meanwhile(brand):
    typed = Brand.objects.get(pk=brand.pk)
    typed.phone = "+31 6 1"
    Brand.objects.update(status="suspended", connect_account="acct_new")

    brands.save_settings(typed)

    facts = Brand.objects.values_list("status", "connect_account", "phone").get()
    assert facts == ("suspended", "acct_new", "+31 6 1")


def test_a_person_of_another_brand_is_not_there(brand, owner):
    other = make_member(make_brand())

    client = signed_in(owner)
    answer = client.post(f"/brand/{brand.slug}/team/{other.pk}/", {"remove": "1"})

    assert (answer.status_code, Membership.objects.filter(pk=other.pk).exists()) == (404, True)


def test_the_team_is_changed_only_after_a_fresh_confirmation(brand, owner):
    owner.set_password("a-long-password-of-hers")
    owner.save()
    client = Client()
    client.force_login(owner)

    answer = client.post(f"/brand/{brand.slug}/team/", {"email": "a@b.example", "role": "owner"})

    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not TeamInvitation.objects.exists()
