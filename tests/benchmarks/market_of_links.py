"""A market by set-based SQL: creators with channels and links, and what was sold by them.

Only what the drill, the risk page and the switch read is filled: a line has no shopper, and an
order no address. It takes about a tenth of the time of `manage.py demo` at the same size.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg
from django.db import connection, models

from affiliates import rates
from affiliates.models import (
    Attribution,
    Collaboration,
    Commission,
    Link,
    LinkDay,
    SampleRequest,
)
from creators.models import Channel, Creator, Decision
from shop.models import Brand, Category, OrderLine, Product
from tests.benchmarks import due, lib, market_of_creators

BRANDS, PRODUCTS = (60, 3_000) if lib.FULL else (10, 500)
PLATFORMS = "(ARRAY['tiktok', 'instagram', 'youtube', 'facebook'])"
OLDEST = 180  # days ago that the first line was sold; half of them are in the drill's 90
DIGITS = "translate(lpad({0}::text, 10, '0'), '0123456789', '23456789ab')"  # as codes are spelled
USERS = """
    INSERT INTO auth_user (id, username, email, password, first_name, last_name, is_superuser,
        is_staff, is_active, date_joined)
    SELECT id, 'c' || id, 'c' || id || '@creators.example', '!', '', '', false, false, true, now()
    FROM creators_creator
"""
ENROL = """
    UPDATE creators_creator c SET user_id = c.id, decision_id = c.id,
        status = CASE WHEN mod(c.id, 10) = 0 THEN 'pilot' ELSE 'full' END,
        pilot_since = CASE WHEN mod(c.id, 10) = 0 THEN now() - interval '9 days' END
"""
SIGN = """
    INSERT INTO shop_acceptance (terms_id, user_id, accepted_at)
    SELECT t.id, c.user_id, now() FROM creators_creator c, shop_terms t WHERE t.kind = 'creator'
"""
ELSEWHERE = """
    INSERT INTO affiliates_clickelsewhere (uid, link_id, clicked_at, platform, counted)
    SELECT gen_random_uuid(), link_id, clicked_at, 'youtube', true FROM affiliates_attribution
    WHERE mod(id, 20) = 0
"""
SALES = f"""
    CREATE UNLOGGED TABLE bench_sale AS
    SELECT s.n, k.id AS link_id, k.creator_id, k.collaboration_id, o.brand_id, k.product_id,
           500 + mod(s.n * 7919, 9000) AS net,
           %(at)s::timestamptz
               - mod(s.n * 104729, {OLDEST * 86_400}) * interval '1 second' AS sold_at
    FROM generate_series(1::bigint, %(orders)s) s (n)
    JOIN affiliates_link k
      ON k.id = 1 + (power(mod(s.n * 0.618033988749895, 1), 2) * (%(links)s - 1))::bigint
    JOIN affiliates_collaboration o ON o.id = k.collaboration_id
"""


@contextmanager
def unchecked() -> Iterator[psycopg.Cursor]:
    """Yield a cursor of the tables' owner, for whom no trigger and no foreign key is looked at."""
    with due.owner() as owner, owner.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SELECT setseed(0.5)")
        yield cursor


def insert(
    cursor: psycopg.Cursor, model: type[models.Model], source: str,
    values: dict[str, object] | None = None, **columns: str,
) -> None:  # fmt: skip
    """Insert rows: a SQL expression per column, the model's own defaults for the others."""
    facts = dict(values or {})
    for field in model._meta.concrete_fields:
        is_filled = field.null or field.generated or field.primary_key or field.has_db_default()
        if field.column not in columns and not is_filled:
            columns[field.column] = f"%({field.column})s"
            facts[field.column] = field.get_db_prep_save(field.get_default(), connection)
    names, sql = ", ".join(columns), ", ".join(columns.values())
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({names}) SELECT {sql} FROM {source}",  # noqa: S608
        facts,
    )


def fill(creators: int, orders: int, at: datetime) -> None:
    """Fill an empty market; what was sold is spread over the last half year."""
    market_of_creators.fill(creators)
    _offers(at)
    with unchecked() as cursor:
        for work in (_people, _channels, _links, _samples):
            seconds = lib.timed(lambda work=work: work(cursor, at))
            lib.say(f"{work.__name__[1:]} filled in {seconds:.0f} s")
        if orders:
            seconds = lib.timed(lambda: _sales(cursor, orders, at))
            lib.say(f"sales filled in {seconds:.0f} s")
        _number_on(cursor)
    lib.analyze()


def _offers(at: datetime) -> None:
    shelf = Category.objects.order_by("pk")[0]
    Brand.objects.bulk_create(
        Brand(pk=n, slug=f"b{n}", name=f"Brand {n}", status="active") for n in range(1, BRANDS + 1)
    )
    Collaboration.objects.bulk_create(
        Collaboration(pk=n, brand_id=n, name="Open", rate_bp=1_200, starts_at=at - timedelta(400))
        for n in range(1, BRANDS + 1)
    )
    Product.objects.bulk_create(
        Product(
            pk=n, brand_id=1 + n % BRANDS, slug=f"p{n}", title=f"Thing {n}", status="active",
            category=shelf, price_from=3_450, in_stock=True,
        )
        for n in range(1, PRODUCTS + 1)
    )  # fmt: skip


def _people(cursor: psycopg.Cursor, at: datetime) -> None:
    insert(
        cursor, Decision, "creators_creator", {"at": at},
        id="id", creator_id="id", outcome="'full'", facts="'{}'", sha256="''", decided_at="%(at)s",
    )  # fmt: skip
    for sql in (USERS, ENROL, SIGN):
        cursor.execute(sql)


def _channels(cursor: psycopg.Cursor, at: datetime) -> None:
    """One channel each, three in five have two, one in five has three."""
    insert(
        cursor, Channel,
        "creators_creator c, generate_series(0, 2) n"
        " WHERE n <= (ARRAY[0, 1, 1, 2, 0])[1 + mod(c.id, 5)]",
        {"at": at}, creator_id="c.id", platform=f"{PLATFORMS}[1 + mod(c.id / 5 + n, 4)]",
        external_id="'x' || c.id || '-' || n", handle="c.handle", verified_at="%(at)s",
        connected_at="%(at)s",
    )  # fmt: skip


LINKS = f"""(
    SELECT h.creator_id, h.platform, 1 + mod(h.creator_id * 7919 + t * 1013, {PRODUCTS}) AS product,
           row_number() OVER (ORDER BY h.creator_id, t, h.id) AS n
    FROM (
        SELECT id, creator_id, platform FROM creators_channel
        WHERE right(external_id, 2) = '-0' OR mod(id, 3) = 0
        UNION ALL
        SELECT 0, id, 'page' FROM creators_creator WHERE mod(id, 2) = 0
    ) h CROSS JOIN generate_series(1, 3) t
    WHERE t <= 1 + mod(h.creator_id, 3)
) k"""  # noqa: S608


def _links(cursor: psycopg.Cursor, at: datetime) -> None:
    """One to three things each, on the first channel and some others, and half of them on her page."""
    brand, taken = (
        f"1 + mod(product, {BRANDS})",
        "%(at)s::timestamptz - mod(n, 60) * interval '1 day'",
    )
    insert(
        cursor, Link, LINKS, {"at": at, "lock": rates.LOCK},
        id="n", code=DIGITS.format("n"), creator_id="creator_id", product_id="product",
        collaboration_id=brand, platform="platform",
        destination=f"'/shop/b' || {brand} || '/p' || product || '/'",
        taken_bp="1200", created_at=taken, rate_locked_until=f"{taken} + %(lock)s",
    )  # fmt: skip


def _samples(cursor: psycopg.Cursor, at: datetime) -> None:
    """One creator in twenty has one on its way."""
    insert(
        cursor, SampleRequest,
        "creators_channel h WHERE right(external_id, 2) = '-0' AND mod(h.creator_id, 20) = 0",
        {"at": at}, creator_id="h.creator_id", channel_id="h.id", collaboration_id="1",
        variant_id="1", state="'delivered'", asked_at="%(at)s::timestamptz - interval '9 days'",
        act_by="%(at)s::timestamptz + interval '5 days'",
    )  # fmt: skip


def _sales(cursor: psycopg.Cursor, orders: int, at: datetime) -> None:
    cursor.execute("SELECT max(id) FROM affiliates_link")
    links = cursor.fetchone()[0]
    cursor.execute(SALES, {"at": at, "orders": orders, "links": links})
    insert(
        cursor, OrderLine, "bench_sale",
        id="n", brand_order_id="n", variant_id="product_id", title="'Thing'", quantity="1",
        unit_price="net", tax_bp="0", gross="net", tax="0",
    )  # fmt: skip
    insert(
        cursor, Attribution, "bench_sale",
        id="n", order_line_id="n", link_id="link_id", creator_id="creator_id",
        collaboration_id="collaboration_id", clicked_at="sold_at - interval '1 hour'",
        rate_bp="1200", rule="'newest_click'", created_at="sold_at",
    )  # fmt: skip
    insert(
        cursor, Commission, "bench_sale",
        id="n", creator_id="creator_id", brand_id="brand_id", collaboration_id="collaboration_id",
        link_id="link_id", order_line_id="n", base="net", rate_bp="1200",
        amount="(net * 1200 + 5000) / 10000", currency="'EUR'",
        due_at="sold_at + interval '45 days'", created_at="sold_at",
    )  # fmt: skip
    insert(
        cursor, LinkDay,
        "(SELECT link_id, sold_at::date AS day, count(*) AS n FROM bench_sale GROUP BY 1, 2) d",
        link_id="link_id", day="day", clicks="20 * n", uniques="18 * n", orders="n", income="n",
    )  # fmt: skip
    cursor.execute(ELSEWHERE)


def _number_on(cursor: psycopg.Cursor) -> None:
    """Let the tables' own numbering go on after ours."""
    for model in (Brand, Collaboration, Product, Decision, Link, OrderLine, Attribution, Commission,
                  Creator):  # fmt: skip
        table = model._meta.db_table
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1)) FROM {table}"  # noqa: S608
        )
