"""What the generators share: the dice, the clock, the writer, and what has been made so far."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random

from affiliates import clock
from config.demo.copying import Copier

HISTORY_DAYS = 215  # about seven months
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Size:
    creators: int = 500
    brands: int = 60
    products: int = 2_000
    orders: int = 20_000


@dataclass(slots=True, eq=False)
class Maker:
    """A creator who may take links."""

    id: int
    handle: str
    country: str
    since: datetime
    platforms: list[str]
    niches: list[str]
    weight: float


@dataclass(slots=True, eq=False)
class Ware:
    """A product with its variants as (id, price, label)."""

    id: int
    slug: str
    title: str
    shop: "Shop"
    withdrawal: str
    tax_bp: int
    weight: float
    variants: list[tuple[int, int, str]]


@dataclass(slots=True, eq=False)
class Shop:
    """A brand with what its orders need."""

    id: int
    slug: str
    name: str
    shelf: str
    since: datetime
    seller: str  # JSON
    shipping: int
    free_from: int
    vat_bp: int  # that we invoice it
    open_id: int = 0
    open_bp: int = 0
    targeted_id: int = 0
    targeted_bp: int = 0
    chosen: set[int] = field(default_factory=set)  # creators of its targeted collaboration
    wares: list[Ware] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Tie:
    """A link, with what an order through it needs."""

    id: int
    code: str
    maker: Maker
    shop: Shop
    ware: Ware | None
    collaboration_id: int
    rate_bp: int
    platform: str
    since: datetime


@dataclass(slots=True, eq=False)
class World:
    size: Size
    seed: int
    now: datetime
    copier: Copier
    bar: object  # a tqdm
    rng: Random = field(init=False)
    today: date = field(init=False)
    zone: str = field(init=False)
    first_day: date = field(init=False)
    start: datetime = field(init=False)
    admins: list[int] = field(default_factory=list)
    star: Maker | None = None  # the creator that one signs in as
    makers: list[Maker] = field(default_factory=list)
    shops: list[Shop] = field(default_factory=list)
    wares: list[Ware] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    entries: int = 0

    def __post_init__(self) -> None:
        self.rng = Random(f"thousand {self.seed}")
        self.today = clock.local_day(self.now)
        self.zone = clock.zone().key
        self.first_day = self.today - timedelta(days=HISTORY_DAYS)
        self.start = midnight(self.first_day)

    def step(self, what: str, done: int = 0) -> None:
        """Show what is being made, and that `done` more of it is."""
        self.bar.set_description_str(what)
        self.bar.update(done)

    def pick(self, weights: dict[str, int]) -> str:
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def moment(self, since: datetime, until: datetime, lean: float = 1.0) -> datetime:
        """Return a moment between the two; `lean` above 1 makes early ones more likely."""
        part = self.rng.random() ** lean
        return (since + (until - since) * part).replace(microsecond=0)


@cache
def midnight(day: date) -> datetime:
    """Return 00:00 local of `day` in UTC; asked for a million times, so remembered."""
    return clock.midnight(day)


def local_day(at: datetime) -> date:
    """Return the market's date at `at`; like clock.local_day, without a zone lookup per call."""
    day = at.date()
    return day + timedelta(days=1) if at >= midnight(day + timedelta(days=1)) else day


def utc(day: date, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
