"""Every letter that can go out, about the rows of a filled market; for tests that read them all.

Each function yields what writes a letter: called with a language that is active, it returns it.
What is not in the market is made here and not saved, except where a letter is found by its row.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.db.models import Model
from django.utils import translation

from affiliates import (
    brandletters,
    budgetletters,
    caseletters,
    endpointletters,
    exports,
    labels,
    linkletters,
    mails,
    messageletters,
    offerletters,
    participationletters,
    programmeletters,
    programmes,
    reporting,
    sampleletters,
    savedsearches,
    shopletters,
    switchletters,
    termsletters,
)
from affiliates.models import (
    CaseLine,
    Commission,
    Endpoint,
    Export,
    FeePolicy,
    FlatFee,
    LinkBlock,
    Message,
    Participation,
    Payout,
    PayoutMethod,
    PlatformSwitch,
    RateChange,
    SampleEvent,
    SampleRequest,
    SavedSearch,
    SettlementLine,
    TermChange,
)
from affiliates.samplerules import State as SampleState
from config.lib.letters import Letter
from creators import letters as joining
from creators.models import Case, CaseEvent, ChannelDispute, Creator, Decision, Report
from shop import currencies, integrations, orderletters, refunds, stockalarms, troubleletters
from shop import mails as shopmails
from shop.models import (
    Brand,
    BrandOrder,
    Feed,
    FeedRun,
    Integration,
    Order,
    OrderLetter,
    OrderPush,
    ParcelUndone,
    Recall,
    Return,
    Stockroom,
    Terms,
    Trouble,
)

Write = Callable[[str], Letter | EmailMultiAlternatives | list]
DAY = timedelta(days=1)
TO = "reader@people.example"
SAID = "Zin van een mens."  # what somebody typed: in no language of ours


def everything(brand: Brand, creator: Creator, part: BrandOrder, at: datetime) -> Iterator[Write]:
    """Yield every letter: about a brand, a creator, and a brand's part of a paid order."""
    yield from _of_money(brand, creator, at)
    yield from _of_offers(brand, creator, at)
    yield from _of_participations(creator, at)
    yield from _of_samples(at)
    yield from _of_cases(brand, creator, at)
    yield from _of_accounts(brand, creator, at)
    yield from _of_switches(brand, creator, at)
    yield from _of_orders(part, at)
    yield from _of_troubles(part, at)
    yield from _of_the_shop(brand, part, at)


def _with(row: Model, **facts: object) -> Model:
    """Return a row as it would be with other facts; nothing is saved."""
    for name, value in facts.items():
        setattr(row, name, value)
    return row


def _of_money(brand: Brand, creator: Creator, at: datetime) -> Iterator[Write]:
    owner = brand.memberships.select_related("user", "brand").earliest("pk")
    owner.brand.connect_since = at
    yield lambda _l: brandletters._account(owner)
    yield lambda _l: brandletters._phone(owner)
    for minimum in (0, 50):
        policy = FeePolicy(
            rate_bp=500, minimum=minimum, minimum_currency="EUR", effective_from=at + 30 * DAY
        )
        yield lambda _l, p=policy: brandletters._fee_letter(p)(owner)
    line = SettlementLine.objects.filter(creator=creator).latest("pk")
    lines = SettlementLine.objects.filter(pk=line.pk)
    night = line.run.night
    yield lambda _l: mails.of_night(creator, night, line.currency, line.amount, lines, at)
    method = PayoutMethod(creator=creator, iban="NL91ABNA0417164300", holder="A. Person",
                          usable_from=at, created_at=at)  # fmt: skip
    yield lambda _l: mails._account_changed(creator, method, TO)
    for refused in ("", "AC04"):
        payout = Payout(creator=creator, amount=1234, currency="EUR", reason="AC04",
                        method=_with(PayoutMethod(iban=method.iban), refused=refused))  # fmt: skip
        yield lambda _l, p=payout: mails.came_back(p)
    for code in labels.OUR_REASONS:
        stays = Payout(creator=creator, amount=1234, currency="EUR", reason=f"{code} x",
                       state=Payout.State.CANCELLED, method=PayoutMethod(iban=method.iban))  # fmt: skip
        yield lambda _l, p=stays: mails.came_back(p)
        yield lambda _l, p=stays: mails.came_back(p, anew=p)
    found = [
        programmes.DoubleClaim("TH-1", at.date(), "Mok", "noor", rule, at, at, 12, "EUR")
        for rule in ("newest_click", "own_programme")
    ]
    for rows in (found[:1], found):
        yield lambda _l, r=rows: programmeletters.letter(brand, at.date(), r, TO)


def _of_offers(brand: Brand, creator: Creator, at: datetime) -> Iterator[Write]:
    offer = brand.collaborations.earliest("pk")
    offer.brand, offer.budget, offer.budget_from = brand, 10_000, at
    yield lambda _l: budgetletters.to_brand(offer, TO)
    yield lambda _l: budgetletters.to_creator(offer, creator)
    product = brand.products.earliest("pk")
    for new, what in ((800, None), (1_600, product)):
        change = RateChange(collaboration=offer, product=what, old_bp=1200, new_bp=new,
                            effective_at=at + 30 * DAY)  # fmt: skip
        yield lambda _l, c=change: offerletters.rate(c, creator)
    for term in TermChange.Term.values:
        for new in (7, 60):
            days = TermChange(collaboration=offer, term=term, old=30, new=new, effective_at=at)
            yield lambda _l, c=days: offerletters.term(c, creator)
    saved = SavedSearch(brand=brand, name="Brood", query="q=brood")
    ids = list(Creator.objects.enrolled().values_list("pk", flat=True)[:9])
    for new in (ids[:1], ids):
        yield lambda _l, n=new: savedsearches.letter(brand, TO, [(saved, n)])


def _of_participations(creator: Creator, at: datetime) -> Iterator[Write]:
    row = Participation.objects.select_related("collaboration__brand", "creator").earliest("pk")
    _with(row, message=SAID, answer_by=at + 7 * DAY)
    _with(row.collaboration, flat_fee=2_500, starts_at=at + DAY, ends_at=at + 60 * DAY)
    for state in Participation.State.values:
        yield lambda _l, s=state: participationletters._creator_letter(_with(row, state=s), TO, at)
        yield lambda _l, s=state: participationletters._brand_letter(
            row.collaboration.brand, [_with(row, state=s)], TO
        )
    paid = Commission(amount=2_500, currency="EUR")
    for state in FlatFee.State.values:
        for refusals in (0, 1):
            fee = FlatFee(participation=row, commission=paid, state=state, refusals=refusals,
                          reason=SAID, post_url="https://video.example/1", act_by=at)  # fmt: skip
            yield lambda _l, f=fee: participationletters._fee_letter(f, TO)
    posted = FlatFee(participation=row, commission=paid, state="posted", act_by=at,
                     post_url="https://video.example/1")  # fmt: skip
    yield lambda _l: participationletters._fee_letter(posted, TO, for_brand=True)
    one = messageletters.Digest("", "/creator/messages/", at, 1, [("Mok & Co", SAID)])
    many = messageletters.Digest("", "/creator/messages/", at, 3, [("Mok & Co", SAID)] * 3)
    for digest in (one, many):
        yield lambda _l, d=digest: messageletters._letter(TO, d)


def _of_samples(at: datetime) -> Iterator[Write]:
    sample = SampleRequest.objects.select_related(
        "creator", "variant__product", "collaboration__brand"
    ).earliest("pk")
    sample.act_by = at + 3 * DAY
    seen = [("delivered", kind) for kind in sampleletters.WORDS]
    for state, kind in (*seen, *((state.value, "asked") for state in SampleState)):
        event = SampleEvent(sample=sample, kind=kind, text=SAID, at=at)
        for side in sampleletters.BOTH:
            yield lambda _l, e=event, s=side, t=state: sampleletters._letter(
                _with(e, sample=_with(sample, state=t)), s, TO
            )


def _of_cases(brand: Brand, creator: Creator, at: datetime) -> Iterator[Write]:
    """Yield what is written in each kind of case, whatever came of it."""
    seen = Case.objects.select_related("creator__user", "violation")
    broken = seen.filter(kind=Case.Kind.VIOLATION).earliest("pk")
    Case.objects.filter(pk=broken.pk).update(
        state=Case.State.UPHELD, points=6, points_expire_on=at.date() + DAY, decided_at=at
    )
    sale = Commission.objects.filter(kind=Commission.Kind.SALE).earliest("pk")
    CaseLine.objects.get_or_create(case=broken, commission=sale)
    _with(broken, points=2, points_expire_on=at.date(), appeal_by=at, reason=SAID)
    facts = {"creator": creator, "reason": SAID, "answer_by": at, "decide_by": at, "pk": 7}
    cases = [
        broken,
        Case(kind=Case.Kind.VIOLATION, violation=broken.violation, automated=True,
             takes_lines=False, appeal_by=at, points=1, points_expire_on=at.date(), **facts),
        Case(kind=Case.Kind.APPEAL, **facts),
        Case(kind=Case.Kind.CONTEST, **facts),
        Case(kind=Case.Kind.CHANNEL_DISPUTE, **facts),
    ]  # fmt: skip
    other = Creator.objects.exclude(pk=creator.pk).filter(user__isnull=False).earliest("pk")
    ChannelDispute(case=cases[-1], holder=other, platform="tiktok", handle="noor", code="AB12CD")
    for case in cases:
        for kind in ("opened", *Case.State.values):
            event = CaseEvent(case=case, kind=kind, text=SAID, at=at)
            for who in caseletters._parties(case):
                yield lambda _l, e=event, w=who: list(caseletters.to_creator(e, w))
    yield from _of_reports(brand, creator, at)


def _of_reports(brand: Brand, creator: Creator, at: datetime) -> Iterator[Write]:
    report = Report.objects.select_related("case").earliest("pk")
    product, offer = brand.products.earliest("pk"), brand.collaborations.earliest("pk")
    words = [Message(pk=1, brand=brand, creator=creator, from_brand=side) for side in (True, False)]
    subjects = [  # named in the language of each letter
        lambda: reporting.of_product(product),
        lambda: reporting.of_creator(creator),
        lambda: reporting.of_offer(offer),
        *(lambda word=word: reporting.of_message(word) for word in words),
    ]
    for find in subjects:
        yield lambda _l, f=find: reporting._received(report, f().name)
        for kind in reporting.DECIDED:
            event = CaseEvent(case=report.case, kind=kind, text=SAID, at=at)
            for other_side in (False, True):

                def decided(_language, f=find, e=event, o=other_side):
                    about = f()
                    e.case.subject = about.key
                    return reporting._decided(TO, e, about.name, settings.SITE_URL + about.path, o)

                yield decided


def _of_accounts(brand: Brand, creator: Creator, at: datetime) -> Iterator[Write]:
    owner = brand.memberships.select_related("user").earliest("pk").user
    url = "https://hooks.example/thousand"
    for hook in (Endpoint(pk=1, brand=brand, url=url), Endpoint(pk=1, creator=creator, url=url)):
        yield lambda _l, h=hook: endpointletters._letter(h, TO)
    for state in (Export.State.DONE, Export.State.FAILED):
        for whose, table in (({"brand": brand}, "orders"), ({"creator": creator}, "commissions")):
            row = Export(pk=1, user=owner, table=table, kind="csv", state=state, rows_done=12,
                         asked_at=at, **whose)  # fmt: skip
            yield lambda _l, r=row: exports._letter(r)
    for kind in Terms.Kind.values:
        terms = Terms(kind=kind, version=2, note=SAID, effective_from=at + 30 * DAY)
        yield lambda _l, t=terms: termsletters.letter(t, TO)
    for made in Decision.objects.order_by("outcome", "pk").distinct("outcome"):
        yield lambda _l, d=made: joining.decision(_with(d.creator, user=creator.user), d)
    for outcome in Decision.Outcome.values:
        row = Decision.objects.latest("pk")
        yield lambda _l, o=outcome, r=row: joining.decision(
            _with(creator, status="waiting"), _with(r, outcome=o, reason=SAID)
        )


def _of_switches(brand: Brand, creator: Creator, at: datetime) -> Iterator[Write]:
    channel = creator.channels.verified().earliest("pk")
    for platform in (channel.platform, "facebook"):
        for until in (None, at + 30 * DAY):
            row = PlatformSwitch(pk=1, platform=platform, off_from=at, off_until=until)
            for about in ("off", "back", "error"):
                yield lambda _l, r=row, a=about: switchletters.to_creator(r, a, creator)
                yield lambda _l, r=row, a=about: switchletters.to_brand(r, a, brand, TO)
    link = creator.links.filter(product__isnull=False).earliest("pk")
    for lifted_at in (None, at):
        block = LinkBlock(pk=1, link=_with(link, creator=creator), reason=SAID, lifted_at=lifted_at)
        yield lambda _l, b=block: linkletters.letter(b)
    lonely = Creator.objects.filter(channels=None, user__isnull=False).earliest("pk")
    yield lambda _l: switchletters.to_creator(row, "off", lonely)


def _letter_of(kind: str, about: int, order: Order, brand: Brand | None, at: datetime):
    return OrderLetter(kind=kind, about=about, order=order, brand=brand, to=TO, written_at=at)


def _of_orders(part: BrandOrder, at: datetime) -> Iterator[Write]:
    """Yield each step of an order: what each is about is saved, for the letter looks it up."""
    order, line = part.order, part.lines.earliest("pk")
    made = Return.objects.get(brand_order=part)
    back = refunds.refund(order, at=at, shares={("line", line.pk): line.gross // 3})
    Return.objects.filter(pk=made.pk).update(
        refund=back, short=True, received_at=at, sent_at=at, condition="used", less_reason=SAID, sent_proof="3SDEMO1",
        answer=SAID, state="refunded", closed_at=at,
    )  # fmt: skip
    made.lines.update(quantity=2, received=1, paid=1, less=100)
    whole = refunds.refund(order, at=at, shares={("line", line.pk): 100})
    undone = ParcelUndone.objects.create(brand_order=part, shipped_at=at, undone_at=at)
    variant = line.variant
    recall = Recall.objects.create(
        product=variant.product, hazard=SAID, todo=SAID, made_at=at,
        made_by=part.brand.memberships.earliest("pk").user,
    )  # fmt: skip
    parcel = part.parcels.earliest("pk").pk
    room = Stockroom.objects.create(
        integration=integrations.connect(part.brand, "shopify", "mill.example", days=4, at=at),
        address="https://mill.example", connected_at=at,
    )  # fmt: skip
    push = OrderPush.objects.create(brand_order=part, stockroom=room, created_at=at, next_try_at=at)
    about = {
        "cancelled_there": [push.pk], "assumed": [part.pk], "delivered": [part.pk],
        "undelivered": [part.pk],
        "tracking": [parcel], "order_new": [part.pk], "recall": [recall.pk], "refunded": [back.pk, whole.pk],
        "shipped": [parcel], "unshipped": [undone.pk],
    }  # fmt: skip
    for kind, write in orderletters.WORDS.items():
        for pk in about.get(kind, [made.pk]):
            row = _letter_of(kind, pk, order, part.brand, at)

            def of_order(language, w=write, r=row):
                Order.objects.filter(pk=order.pk).update(language=language)
                return w(r)

            yield of_order
    sent = [OrderPush(brand_order=part, refund=one, problem="") for one in (None, back)]
    for dead in (sent[:1], sent):
        yield lambda _l, d=dead: _in_turn(room, lambda: stockalarms._dead_words(room, d))
    yield lambda _l: _in_turn(room, lambda: stockalarms._silent_words(room))
    for count in (1, 2):
        yield lambda _l, n=count: _of_currencies(brand_of(room), n)


def brand_of(room: Stockroom) -> Brand:
    return room.integration.brand


def _of_currencies(brand: Brand, count: int) -> list[EmailMultiAlternatives]:
    brand.memberships.update(language=translation.get_language())
    named = [("Mug", "USD"), ("Cup", "GBP")][:count]
    return [one.message() for one in currencies.letters(brand, count, named)]


def _in_turn(room: Stockroom, said) -> list[EmailMultiAlternatives]:
    """Return the letters to a team, its members reading in the language that is active."""
    room.integration.brand.memberships.update(language=translation.get_language())
    return [one.message() for one in stockalarms._letters(room, said)]


def _of_troubles(part: BrandOrder, at: datetime) -> Iterator[Write]:
    row = Trouble.objects.select_related("brand_order__order", "brand_order__brand").earliest("pk")
    order, brand = row.brand_order.order, row.brand_order.brand
    line, judge = row.brand_order.lines.earliest("pk"), brand.memberships.earliest("pk").user
    back = refunds.refund(order, at=at, shares={("line", line.pk): 100})
    facts = {"words": SAID, "answer": SAID, "reason": SAID, "reply_by": at}
    stages = [
        ("trouble_asked", {}), ("trouble_answered", {"answered_at": at}),
        ("trouble_with_us", {"answered_at": None}), ("trouble_with_us", {"answered_at": at}),
        ("trouble_closed", {"state": "refunded", "refund": back, "closed_at": at}),
        ("trouble_closed", {"state": "refused", "refund": None, "closed_at": at, "decided_by": judge}),
        ("trouble_closed", {"state": "solved", "refund": None, "closed_at": at}),
    ]  # fmt: skip
    for kind, changes in stages:
        for whose in (None, brand):

            def write(_language, k=kind, c=changes, w=whose):
                Trouble.objects.filter(pk=row.pk).update(**facts | c)
                return troubleletters.WORDS[k](_letter_of(k, row.pk, order, w, at))

            yield write


def _of_the_shop(brand: Brand, part: BrandOrder, at: datetime) -> Iterator[Write]:
    """Yield what has a template of its own."""
    order = part.order
    facts = {"order": order, **shopmails._facts(order)}
    yield lambda lang: shopmails.confirmation(_with(order, language=lang))
    for name in ("payment_failed", "payment_processing", "payment_unheld"):
        yield lambda lang, n=name: shopmails.message(n, TO, lang, facts)
    code = {"order": order, "code": "AB12CD"}
    yield lambda lang: shopmails.message("order_code", TO, lang, code)
    invitation = brand.invitations.earliest("pk")
    asked = {"invitation": invitation, "brand": brand, "url": "https://shop.example/team/1/"}
    yield lambda lang: shopmails.message("team_invitation", TO, lang, asked)
    off = Integration(brand=brand, domain="mill.example", off_at=at)
    maker = Creator(display_name="Noor", user=User(email=TO))
    yield lambda _l: shopletters._to_creator(off, maker, list(brand.products.all()[:2]))
    yield lambda _l: shopletters._to_brand(off, TO, 3)
    feed = Feed(brand=brand, name="Kopjes")
    broken = {"feed": feed, "brand": brand, "run": FeedRun(error=SAID), "url": "https://x.example/"}
    yield lambda lang: shopmails.message("feed_fails", TO, lang, broken)
