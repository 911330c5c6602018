"""Creators of a demo market: channels, weekly readings, and decisions by the real policy."""

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User

from affiliates.models import PayoutMethod, TaxIdentity, TaxProfile, VatCheck
from config.demo import words
from config.demo.world import Maker, World, local_day, utc
from config.lib.sealed import seal
from creators import enrolment, policy, rulebook
from creators.models import Channel, Creator, Decision, DecisionCheck, Niche, Reading
from shop.models import Acceptance, Terms

CHUNK = 2_000
PLATFORMS = {"tiktok": 40, "instagram": 34, "youtube": 15, "facebook": 11}
STAR = "creator@thousand.example"


def make(world: World) -> None:
    """Make all creators; the first is the one that one signs in as."""
    tables = _tables(world)
    niches = dict(Niche.objects.values_list("slug", "id"))
    rules = rulebook.rules(world.now)
    terms = dict(Terms.objects.filter(version=1).values_list("kind", "id"))
    taken: set[str] = set()
    for n in range(world.size.creators):
        _creator(world, tables, n, niches, rules, terms, taken)
        if n % CHUNK == CHUNK - 1:
            world.copier.flush()
        if n % 100 == 99:
            world.step("creators", 100)
    world.copier.flush()


def _tables(world: World) -> dict[str, str]:
    table = world.copier.table
    return {
        "user": table(User, "id password is_superuser username first_name last_name email"
                            " is_staff is_active date_joined"),
        "mail": table(EmailAddress, "id user_id email verified primary"),
        "creator": table(Creator, "id user_id handle display_name bio country languages birth_on"
                                  " status decision_id pilot_since is_demo created_at"),
        "niche": table(Creator.niches.through, "id creator_id niche_id"),
        "channel": table(Channel, "id creator_id platform external_id handle url problem"
                                  " connected_at verified_at checked_at token_state"),
        "reading": table(Reading, "id channel_id day read_at followers likes views posts"),
        "decision": table(Decision, "id creator_id policy_id outcome facts sha256 recheck_on"
                                    " decided_at reason"),
        "check": table(DecisionCheck, "id decision_id position rule platform needed measured"
                                      " passed remedy remedy_amount recheck_on"),
        "tax": table(TaxProfile, "id creator_id kind legal_name address country vat_number"
                                 " effective_from self_billing_accepted_at created_at"),
        "method": table(PayoutMethod, "id creator_id rail iban holder name_check usable_from"
                                      " created_at"),
        "identity": table(TaxIdentity, "creator_id birth_on_iso tin tin_country changed_at"),
        "vat": table(VatCheck, "profile_id state consultation checked_at next_at tries reason"),
        "acceptance": table(Acceptance, "id terms_id user_id accepted_at"),
    }  # fmt: skip


def _creator(world, tables, n, niches, rules, terms, taken) -> None:
    rng, copier = world.rng, world.copier
    star = n == 0
    first, last = rng.choice(words.FIRST_NAMES), rng.choice(words.LAST_NAMES)
    country = "NL" if star else world.pick(words.COUNTRIES)
    handle = _handle(first, last, taken, n)
    mail = STAR if star else f"{handle}@people.thousand.example"
    days = 12 if star else int(-20 + 225 * rng.random() ** 1.5)
    joined = min(world.start + timedelta(days=days - 20, minutes=rng.randrange(1440)),
                 world.now - timedelta(hours=2))  # fmt: skip
    born = date(1970 + int(38 * rng.random() ** 0.6), rng.randint(1, 12), rng.randint(1, 28))
    if star:
        born = date(1998, 5, 14)
    subjects = rng.sample(sorted(niches), rng.randint(1, 3))
    user_id, creator_id = copier.id(tables["user"]), copier.id(tables["creator"])
    channels = _channels(world, handle, star)
    decided = _decisions(world, rules, country, born, channels, joined)
    result = decided[-1][0]
    pilot_since = next((when for one, when in decided if one.outcome == "pilot"), None)
    decision_ids = [copier.id(tables["decision"]) for _ in decided]
    copier.add(tables["user"], user_id, "!", False, handle, first, last, mail, False, True, joined)
    copier.add(tables["mail"], copier.id(tables["mail"]), user_id, mail, True, True)
    copier.add(
        tables["creator"], creator_id, user_id, handle, f"{first} {last}", rng.choice(words.BIOS),
        country, sorted({*words.LANGUAGES[country], *(["en"] if rng.random() < 0.4 else [])}),
        born, str(result.outcome), decision_ids[-1], pilot_since, True, joined,
    )  # fmt: skip
    for slug in subjects:
        copier.add(tables["niche"], copier.id(tables["niche"]), creator_id, niches[slug])
    _write_channels(world, tables, creator_id, channels, joined)
    for pk, (one, when) in zip(decision_ids, decided, strict=True):
        _write_decision(world, tables, creator_id, pk, one, when)
    if result.outcome not in ("pilot", "full"):
        return
    since = next(when for one, when in decided if one.outcome in ("pilot", "full"))
    best = max(channel.counts[-1][1] for channel in channels)
    maker = Maker(
        creator_id, handle, country, since,
        [channel.platform for channel in channels], subjects,
        best**0.6 * math.exp(rng.gauss(0, 0.9)),
    )  # fmt: skip
    world.makers.append(maker)
    world.star = world.star or maker
    for kind in ("creator", "self_billing"):
        copier.add(
            tables["acceptance"], copier.id(tables["acceptance"]), terms[kind], user_id, since
        )
    if star or rng.random() < 0.86:
        _write_money(world, tables, maker, f"{first} {last}", star)
        copier.add(
            tables["identity"], creator_id, seal(born.isoformat()), seal(tax_number(creator_id)),
            country, since,
        )  # fmt: skip


def _handle(first: str, last: str, taken: set[str], n: int) -> str:
    base = f"{first}.{last[:9]}".lower().replace("ë", "e")
    handle = base if base not in taken else f"{base}{n}"
    taken.add(handle)
    return handle


class _Account:
    """One channel in the making: its followers week by week, as (day, count)."""

    def __init__(self, platform: str, handle: str, followers: int, growth: float) -> None:
        self.platform, self.handle = platform, handle
        self.followers, self.growth = followers, growth
        self.counts: list[tuple[date, int]] = []


def _channels(world: World, handle: str, star: bool) -> list[_Account]:
    """Follower counts are log-normal: most between 1,000 and 50,000, one in eight below."""
    rng = world.rng
    followers = 3_140 if star else max(80, int(math.exp(rng.gauss(math.log(4_300), 1.25))))
    growth = 0.006 if star else max(0.0, rng.gauss(0.006, 0.006))
    count = 3 if star else rng.choices([1, 2, 3, 4], [38, 34, 20, 8])[0]
    chosen = ["tiktok", "instagram", "youtube"] if star else []
    while len(chosen) < count:
        if (platform := world.pick(PLATFORMS)) not in chosen:
            chosen.append(platform)
    return [
        _Account(p, handle, followers if i == 0 else int(followers * rng.uniform(0.1, 0.8)), growth)
        for i, p in enumerate(chosen)
    ]


def _decisions(
    world: World, rules: Sequence[policy.Policy], country: str, born: date,
    channels: Sequence[_Account], joined: datetime,
) -> list[tuple[policy.Result, datetime]]:  # fmt: skip
    """Decide on the day of joining, and again on each reading that could change the answer."""
    step = timedelta(days=7)
    weeks = (world.today - local_day(joined)).days // 7
    for channel in channels:
        channel.counts = [
            (local_day(joined + step * k), int(channel.followers * (1 + channel.growth) ** k))
            for k in range(weeks + 1)
        ]
    zone = enrolment.market_zone()
    decided: list[tuple[policy.Result, datetime]] = []
    reach = 0
    pilot_since: date | None = None
    for k in range(weeks + 1):
        now = max(channel.counts[k][1] for channel in channels)
        if k and not any(reach < bar <= now for bar in (1_000, 5_000)):
            continue
        reach = now
        at = joined + step * k + timedelta(minutes=9)
        facts = policy.Facts(
            country=country,
            birth_on=born,
            channels=tuple(
                policy.Channel(c.platform, c.handle, True, c.counts[k][1], c.counts[k][0])
                for c in channels
            ),
            pilot_since=pilot_since,
        )
        result = policy.decide(rules, facts, at.astimezone(zone))
        if not decided or decided[-1][0].outcome != result.outcome:
            decided.append((result, at))
            if result.outcome == "pilot":
                pilot_since = pilot_since or local_day(at)
    return decided


def _write_channels(world, tables, creator_id, channels, joined) -> None:
    copier, rng = world.copier, world.rng
    keep = 999 if world.size.creators <= 20_000 else 8  # weeks of readings
    for account in channels:
        pk = copier.id(tables["channel"])
        last = account.counts[-1][0]
        copier.add(
            tables["channel"], pk, creator_id, account.platform, f"demo-{pk}", account.handle,
            "", "", joined, joined, max(joined, utc(last, 5)), "none",
        )  # fmt: skip
        posts = rng.randint(20, 300)
        per_post = min(0.16, rng.lognormvariate(-3.1, 0.45))  # of the followers, who like a post
        for k, (day, followers) in enumerate(account.counts[-keep:]):
            made = posts + 3 * k
            likes = int(followers * per_post * made) if account.platform == "tiktok" else None
            views = int(followers * 13 * per_post * made) if account.platform == "youtube" else None
            copier.add(
                tables["reading"], copier.id(tables["reading"]), pk, day,
                max(joined, utc(day, 5)), followers, likes, views,
                None if account.platform == "facebook" else made,
            )  # fmt: skip


def _write_decision(world, tables, creator_id, pk, result: policy.Result, at: datetime) -> None:
    copier = world.copier
    copier.add(
        tables["decision"], pk, creator_id, result.policy.id, str(result.outcome),
        policy.canonical(result.record), result.sha256, result.recheck_on, at, "",
    )  # fmt: skip
    for position, check in enumerate(result.checks):
        copier.add(
            tables["check"], copier.id(tables["check"]), pk, position, check.rule, check.platform,
            "" if check.needed is None else str(check.needed),
            "" if check.measured is None else str(check.measured),
            check.passed, check.remedy if check.passed is False else "", check.remedy_amount,
            check.recheck_on,
        )  # fmt: skip


def _write_money(world, tables, maker: Maker, name: str, star: bool) -> None:
    """A bank account at a bank that does not exist, and a tax profile."""
    copier, rng = world.copier, world.rng
    kinds = ["private"] if star else ["private"] * 16 + ["kor"] * 2
    kinds += [] if star else ["vat_liable" if maker.country == "NL" else "eu_reverse"] * 2
    kind = rng.choice(kinds)
    number = f"{maker.country}00000{maker.id:04d}" if kind in ("vat_liable", "eu_reverse") else ""
    profile = copier.id(tables["tax"])
    copier.add(
        tables["tax"], profile, maker.id, kind, name,
        f"Voorbeeldstraat {rng.randint(1, 200)}, {rng.choice(words.CITIES)}", maker.country,
        number, local_day(maker.since), maker.since, maker.since,
    )  # fmt: skip
    if number:
        copier.add(
            tables["vat"], profile, "valid", f"DEMO{number}", maker.since,
            world.now + timedelta(days=30), 0, "",
        )  # fmt: skip
    copier.add(
        tables["method"], copier.id(tables["method"]), maker.id, "sepa", iban(maker.id), name,
        "match" if rng.random() < 0.94 else "close", maker.since + timedelta(hours=48), maker.since,
    )  # fmt: skip


def tax_number(number: int) -> str:
    """Return nine digits that pass the 11-test, in the range that is kept for tests."""
    digits = f"99{number % 1_000_000:06d}"
    left = sum(int(digit) * weight for digit, weight in zip(digits, range(9, 1, -1), strict=True))
    if left % 11 == 10:
        return tax_number(number + 500_000)
    return f"{digits}{left % 11}"


def iban(number: int) -> str:
    """Return a well-formed IBAN at the bank DEMO, which does not exist."""
    account = f"DEMO{number:010d}"
    digits = "".join(str(int(c, 36)) for c in f"{account}NL00")
    return f"NL{98 - int(digits) % 97:02d}{account}"
