"""Every address of ours against every role and every method, in a market that has everything.

The objects are those of creator A and brand A. Who is not meant to see them learns nothing: 404,
and no word that A's rows alone hold, in pages, htmx parts and files. Reading changes nothing.
"""

import re
from types import SimpleNamespace

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client
from django.utils import timezone

from affiliates import apitokens
from affiliates.models import (
    BrandInvoice,
    Collaboration,
    Commission,
    Endpoint,
    FlatFee,
    Link,
    Message,
    Participation,
    Passport,
    PassportEvidence,
    PayoutMethod,
    SampleRequest,
    SavedSearch,
    Shortlist,
    TaxProfile,
)
from config import checks
from config.demo.world import Size
from creators.models import Channel, Creator
from shop.models import (
    Brand,
    BrandOrder,
    DiscountCode,
    FeedRun,
    Integration,
    Membership,
    Order,
    Return,
    TeamInvitation,
    Trouble,
)
from tests import harness, stage, tour
from tests.affiliates.factories import sign_in
from tests.affiliates.test_drill import checksums
from tests.shop.factories import make_user

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(1_800)]
OURS = [
    one for one in checks.routes() if one.name.split(":")[0] in {"affiliates", "shop", "creators"}
]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
NONE = {"token": "none", "reference": "none", "word": "none", "provider": "none", "kind": "csv",
        "platform": "tiktok", "version": "1"}  # fmt: skip
# who has one of these is shown what it leads to: orders, bags and invitations of people without account
BEARER = {"order_token", "reference", "bag_token", "team_token", "report_token"}
MARK = "Zzmark"  # begins every word that only A's rows hold
# what a role is, as far as the rules of pages go
OWNS = {
    "creator A": {"signed-in", "creator:own"},
    "owner A": {"signed-in", "brand:own"},
    "member A": {"signed-in", "brand:own"},
    "support": {"signed-in", "staff:support"},
    "finance": {"signed-in", "staff:finance"},
    "superuser": {"signed-in", "staff:support", "staff:finance"},
}
ROLES = ("anonymous", "shopper", "creator A", "creator B", "owner A", "member A", "owner B",
         "support", "finance", "superuser")  # fmt: skip
NO = {302, 403, 404, 405}
CHANGES_BY_READING = {
    "django_session", "usersessions_usersession", "affiliates_click", "creators_seenday",
    "affiliates_message",  # read at
    "shop_membership",  # the language in which the site is read
    "config_auditentry",  # that something was refused
    "affiliates_selfbill", "shop_saledocument", "shop_brandorder",  # papers due, issued when asked for
}  # fmt: skip


@pytest.fixture(scope="module")
def market(django_db_setup, django_db_blocker):
    """A filled market with A's words marked, and somebody for every role."""
    from django.test import TransactionTestCase

    with django_db_blocker.unblock():
        harness.fill_market(Size(60, 6, 36, 500))
        people = _people()
        facts = tour.facts() | stage.fill(
            Creator.objects.get(user__email=tour.CREATOR),
            Brand.objects.get(memberships__user__email=tour.BRAND),
            Client(headers={"host": "localhost"}),
            timezone.now(),
        )
        _mark_orders()
        yield people, {word: fact for word, fact in facts.items() if word not in BEARER}
        TransactionTestCase._fixture_teardown(None)  # empties the tables


def _people() -> dict[str, User | None]:
    creator = Creator.objects.get(user__email=tour.CREATOR)
    brand = Brand.objects.get(memberships__user__email=tour.BRAND)
    _mark(creator, brand)
    found = {
        "anonymous": None, "shopper": make_user(), "creator A": creator.user,
        "creator B": Creator.objects.enrolled().exclude(pk=creator.pk).first().user,
        "owner A": User.objects.get(email=tour.BRAND),
        "owner B": Membership.objects.exclude(brand=brand).first().user,
        "member A": make_user(), "superuser": User.objects.get(email=tour.ADMIN),
    }  # fmt: skip
    Membership.objects.create(user=found["member A"], brand=brand, role="member")
    for name in ("support", "finance"):
        found[name] = make_user(is_staff=True)
        found[name].groups.add(Group.objects.get(name=name))
        TOTP.activate(found[name], "A" * 32)
    return found


def _mark(creator: Creator, brand: Brand) -> None:
    """Write a word of its own wherever A's rows hold what is A's alone."""
    PayoutMethod.objects.filter(creator=creator).update(holder=f"{MARK} holder")
    TaxProfile.objects.filter(creator=creator).update(
        legal_name=f"{MARK} name", address=f"{MARK} road"
    )
    Message.objects.filter(brand=brand, creator=creator).update(text=f"{MARK} said")
    SampleRequest.objects.filter(collaboration__brand=brand).update(message=f"{MARK} wish")
    Shortlist.objects.create(brand=brand, name=f"{MARK} list")
    User.objects.filter(pk=creator.user_id).update(first_name=f"{MARK} first")


def _mark_orders() -> None:
    brand = Brand.objects.get(memberships__user__email=tour.BRAND)
    Order.objects.filter(parts__brand=brand).update(email=f"{MARK}@people.example")


def path_of(route: checks.Route, facts: dict[str, object]) -> str:
    """Fill A's objects into a pattern; where A has none, what is nobody's."""
    own = facts | {word: facts.get(of) for word, of in tour.OBJECT.get(route.name, {}).items()}
    pattern = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route.pattern.replace("/^", "/"))
    pattern = pattern.replace("/?$", "")

    def value(found: re.Match) -> str:
        return str(own.get(found[1]) or NONE.get(found[1], 1))

    return tour.WORD.sub(value, pattern)


def client_of(person: User | None) -> Client:
    client = Client(raise_request_exception=False, headers={"host": "localhost"})
    if person is not None:
        client.force_login(person)
    return client


def ask(client: Client, method: str, path: str, **more):
    """Ask, and take back whatever it changed, so that the next one finds all of A's objects."""
    with transaction.atomic():
        answer = client.generic(method, path, **more)
        content = b"".join(answer) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return SimpleNamespace(status_code=answer.status_code, content=content)


def wrong(route: checks.Route, role: str, method: str, status: int, path: str) -> bool:
    """Say whether an answer is not what the rules of the address declare."""
    if status >= 500:
        return True
    owns = route.who == "public" or route.who in OWNS.get(role, {"signed-in"} - {role})
    if role == "creator B" and route.who == "creator:own":
        owns = not re.search(
            r"<int:(?!product_id|collaboration_id)|<str:number|<slug:code|<str:code", route.pattern
        )
    if role == "anonymous":
        owns = route.who == "public"
    if method not in route.methods:
        return status not in ({403, 404, 405} if owns else NO) and method != "OPTIONS"
    if role == "member A" and method in route.owner_only:
        return status != 403
    return status == 403 and method == "GET" if owns else status not in NO


@pytest.mark.parametrize("role", ROLES)
def test_only_what_is_declared_is_answered(market, role):
    people, facts = market
    client, found = client_of(people[role]), []
    for route in OURS:
        path = path_of(route, facts)
        for method in METHODS:
            status = ask(client, method, path).status_code
            if wrong(route, role, method, status, path):
                found.append((method, route.name, path, status))
    assert not found, found[:20]


@pytest.mark.parametrize("role", ["anonymous", "shopper", "creator B", "owner B"])
def test_no_word_of_a_is_in_the_answers_of_b(market, role):
    people, facts = market
    client, found, seen = client_of(people[role]), [], 0
    own = facts
    if role == "owner B":  # also B's own pages, where lists could hold too much
        brand = Membership.objects.get(user=people[role]).brand
        own = facts | {"brand_slug": brand.slug}
    for route in OURS:
        if "GET" not in route.methods:
            continue
        for path in {path_of(route, facts), path_of(route, own)}:
            for headers in ({}, {"HX-Request": "true"}):
                answer = ask(client, "GET", path, headers=headers)
                seen += answer.status_code == 200
                if MARK.encode() in answer.content:
                    found.append((route.name, path, headers))
    assert not found, found[:20]
    assert seen > 30


def test_the_words_of_a_are_in_the_answers_of_a(market):
    """Else the test above would find nothing whatever happened."""
    people, facts = market
    seen = b""
    for role in ("creator A", "owner A"):
        client = client_of(people[role])
        for route in OURS:
            if "GET" in route.methods:
                seen += ask(client, "GET", path_of(route, facts)).content
    for word in ("list", "said", "holder", "@people.example"):
        assert f"{MARK} {word}".replace(" @", "@").encode() in seen, word


# words of an address that name what everybody may name: creators in the directory, open offers, goods
FREE = {"brand:own": {"creator_id"}, "creator:own": {"collaboration_id", "product_id"}}
NAMES_ONE = re.compile(r"<int:(\w+)>")
# answered 404 to A, too: nothing of that kind is in this market, or it is not in the state for it
NOTHING_THERE = {
    "affiliates:brand_invoice", "affiliates:evidence_remove", "affiliates:link_qr",
    "affiliates:passport_file", "creators:channel_read", "creators:channel_screenshot",
    "shop:brand_document", "shop:brand_trouble_picture", "shop:integration_replay",
    "shop:push_again", "shop:stock_off", "shop:stock_test",
}  # fmt: skip


def _of_a(people: dict[str, User | None]) -> list[tuple[str, str, object]]:
    """Return A's objects that `tour` does not know: pattern of route names, word, id."""
    brand = Membership.objects.get(user=people["owner A"]).brand
    creator, now = people["creator A"].creator, timezone.now()

    def of(model: type, **facts: object) -> object:
        return model.objects.filter(**facts).order_by("-pk").values_list("pk", flat=True).first()

    def key(**whose: object) -> int:
        return apitokens.make("Ours", [], now, days=30, by=people["owner A"], **whose)[0].pk

    search = SavedSearch.objects.create(
        brand=brand, user=people["owner A"], name="Ours", filters={}, saved_at=now, looked_at=now
    )
    discount = DiscountCode.objects.create(brand=brand, code="OURS10", rate_bp=1_000, starts_at=now)
    evidence = PassportEvidence.objects.filter(creator=creator)
    return [
        ("brand_token", "pk", key(brand=brand)), ("creator_token", "pk", key(creator=creator)),
        ("shortlist_", "pk", of(Shortlist, brand=brand)), ("search_unsave", "pk", search.pk),
        ("discount_stop", "discount_id", discount.pk),
        ("team_person", "membership_id", of(Membership, user=people["member A"])),
        ("team_withdraw", "invitation_id", of(TeamInvitation, brand=brand)),
        ("integration|stock_", "integration_id", of(Integration, brand=brand)),
        ("trouble", "trouble_id", of(Trouble, brand_order__brand=brand)),
        ("trouble", "part_id", of(BrandOrder, troubles__isnull=False, brand=brand)),
        ("order_return", "part_id", of(BrandOrder, returns__isnull=False, brand=brand)),
        ("order_return", "return_id", of(Return, brand_order__brand=brand)),
        ("application_answer", "participation_id", of(Participation, collaboration__brand=brand)),
        ("application_answer", "collaboration_id",
         of(Collaboration, brand=brand, participations__isnull=False)),
        ("invitation_answer", "participation_id", of(Participation, creator=creator)),
        ("brand_invoice", "number", of(BrandInvoice, brand=brand)),
        ("brand_endpoint", "pk", of(Endpoint, brand=brand)),
        ("creator_endpoint", "pk", of(Endpoint, creator=creator)),
        ("channel_", "pk", of(Channel, creator=creator)),
        (":contest", "pk", of(Commission, creator=creator)),
        ("evidence_remove", "pk", evidence.values_list("pk", flat=True).first()),
        ("passport", "pk", of(Passport, creator=creator)),
        ("feed_", "run_id", of(FeedRun, feed__brand=brand)),
        ("fee_answer", "pk", of(FlatFee, participation__collaboration__brand=brand)),
        ("fee_answer", "collaboration_id",
         of(Collaboration, brand=brand, participations__fee__isnull=False)),
        ("fee_post", "pk", of(FlatFee, participation__creator=creator)),
        ("affiliates$", "link", of(Link, creator=creator)),  # tables where they were before
        ("affiliates$", "run", of(FeedRun, feed__brand=brand)),
    ]  # fmt: skip


def test_b_reaches_nothing_of_a_under_its_own_address(market):
    """The address of B with a number of A's behind it, as somebody tries who counts up by one.

    B is signed in with a second factor given just now: nothing but the row's owner is in the way.
    """
    people, facts = market
    wrong, hollow = [], set()
    with transaction.atomic():
        rows = _of_a(people)
        clients = {}
        for role in ("owner A", "owner B", "creator A", "creator B"):
            clients[role] = client_of(None)
            sign_in(clients[role], people[role])
        slug_b = Membership.objects.get(user=people["owner B"]).brand.slug
        for route in OURS:
            named = set(NAMES_ONE.findall(route.pattern)) - FREE.get(route.who, set())
            if route.who not in FREE or not named:
                continue
            side = "owner" if route.who == "brand:own" else "creator"
            own = facts | {word: pk for part, word, pk in rows if re.search(part, route.name)}
            for method in set(route.methods) - {"HEAD"}:
                path = path_of(route, own)
                if ask(clients[f"{side} A"], method, path).status_code == 404:
                    hollow.add(route.name)
                if side == "owner":
                    path = path_of(route, own | {"brand_slug": slug_b})
                seen = ask(clients[f"{side} B"], method, path).status_code
                if seen not in {404, 405}:
                    wrong.append((method, route.name, path, seen))
        transaction.set_rollback(True)
    assert not wrong, "\n".join(map(str, wrong))
    assert hollow == NOTHING_THERE, "\n".join(sorted(hollow))


@pytest.mark.parametrize("role", ROLES)
def test_reading_changes_nothing(market, role):
    people, facts = market
    client = client_of(people[role])
    paths = [path_of(route, facts) for route in OURS if "GET" in route.methods]
    before = checksums()
    with transaction.atomic():
        for path in paths:
            client.get(path)
        changed = {name for name, value in checksums().items() if value != before[name]}
        transaction.set_rollback(True)
    assert changed - CHANGES_BY_READING == set()
    assert BrandOrder.objects.exists() and Link.objects.exists()
