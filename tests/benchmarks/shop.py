"""The shop on a small and on a large catalogue: time, statements, CPU, and the last ten pieces.

Both catalogues lie on one server and are asked in turn, so that what else the machine does meets
both. Lists and product pages are asked for through every middleware; CPU is that of this process, so
without PostgreSQL's. Beside each stands the same page written by hand on the same tables
(`shop_plain`), asked for in turn; `oscar` compares them with another shop. 5,000 and 50,000 products; FULL=1: 500,000 (BENCH_PRODUCTS says
another number). Fifty buyers order the last ten pieces over HTTP, ten must get one.
"""

import os
import random
import statistics
import sys
import time

import django
import psycopg

from tests.benchmarks import lib

django.setup()

from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.db.backends.postgresql.base import DatabaseWrapper  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from shop.models import OrderLine, Variant  # noqa: E402
from tests import buyers  # noqa: E402
from tests.benchmarks import shop_plain  # noqa: E402

SMALL = 5_000
LARGE = int(os.environ.get("BENCH_PRODUCTS", 500_000 if lib.FULL else 50_000))
BRANDS = 200
REQUESTS, WARM, ROUNDS = 120, 10, 3
WORDS = "mug bowl bread basket lamp soap candle plate yarn jar plant chair".split()
FILL = """
    insert into shop_product (id, brand_id, category_id, slug, title, description, status, missing,
        currency, sells_at, own_shop_url, tax_class, withdrawal, feed_digest, details, price_from,
        in_stock, created_at, updated_at, search)
    select n, 1 + n %% {brands}, (select id from shop_category where not is_blocked
               order by id offset n %% 5 limit 1),
        'thing-' || n, initcap(word) || ' number ' || n,
        '<p>' || repeat('A ' || word || ' that lasts for years. ', 12) || '</p>', 'active', '[]',
        'EUR', 'here', '', 'standard', 'yes', '', '{{}}', 500 + n::bigint * 7919 %% 20000, n %% 20 > 0,
        now() - n * interval '1 minute', now(),
        setweight(to_tsvector('simple', word || ' number ' || n), 'A')
    from (select n, (%(words)s::text[])[1 + n %% 12] as word
          from generate_series(%(first)s::int, %(last)s::int) n) things;
    insert into shop_variant (product_id, brand_id, sku, options, price, stock, reserved, position,
        is_active)
    select p.id, p.brand_id, p.id || '-' || k,
        jsonb_build_array(jsonb_build_array('Size', (array['S', 'M', 'L'])[k])),
        p.price_from + 100 * (k - 1), case when p.in_stock then 40 else 0 end, 0, k, true
    from shop_product p, generate_series(1, 3) k where p.id between %(first)s and %(last)s;
    insert into shop_image (product_id, file, width, height, source_url, alt, position, attempts,
        problem)
    select p.id, 'pictures/' || substr(md5(p.id::text), 1, 2) || '/' || md5(p.id::text) || '-l.webp',
        900, 900, 'https://pictures.example/' || p.id, '', k, 1, ''
    from shop_product p, generate_series(0, 1) k where p.id between %(first)s and %(last)s
"""


def owner() -> psycopg.Connection:
    where = settings.ENGINES.database(owner=True)
    return psycopg.connect(
        host=where["HOST"], dbname=where["NAME"], user=where["USER"], autocommit=True
    )


def fill(first: int, last: int) -> None:
    """Put products in, with three variants and two pictures each."""
    from shop.models import Brand

    Brand.objects.bulk_create(
        (
            Brand(pk=n, slug=f"b{n}", name=f"Brand {n}", status="active", country="NL",
                  legal_name=f"Brand {n} B.V.", shipping_price=495)
            for n in range(1, BRANDS + 1)
        ),
        ignore_conflicts=True,
    )  # fmt: skip
    facts = {"words": WORDS}
    with owner() as database:
        for start in range(first, last + 1, 50_000):
            span = {"first": start, "last": min(start + 49_999, last)}
            for statement in FILL.format(brands=BRANDS).split(";"):
                database.execute(statement, facts | span)
        database.execute("vacuum analyze shop_product, shop_variant, shop_image, shop_brand")


def asked(chance: random.Random, products: int) -> dict[str, str]:
    """Return one address of each kind, by chance."""
    number = chance.randint(1, products)
    word, shelf = chance.choice(WORDS), chance.choice(shop_plain.shelves())
    return {
        "list": chance.choice(["/shop/", "/shop/?page=2", "/shop/?page=5"]),
        "shelf": f"/shop/?category={shelf}",
        "sorted": f"/shop/?sort={chance.choice(['cheap', 'dear'])}",
        "brand": f"/shop/b{chance.randint(1, BRANDS)}/",
        "search": f"/shop/?q={word}",
        "rare": f"/shop/?q={WORDS[number % 12]}+{number}",
        "product": f"/shop/b{1 + number % BRANDS}/thing-{number}/",
    }


def keep_small() -> DatabaseWrapper:
    """Copy the database with its small catalogue; return a connection to the copy."""
    connection.close()
    where = settings.ENGINES.database(owner=True)
    with psycopg.connect(
        host=where["HOST"], dbname="postgres", user=where["USER"], autocommit=True
    ) as server:
        server.execute("drop database if exists small with (force)")
        server.execute(f'create database small template "{where["NAME"]}" strategy file_copy')
    small = connections.create_connection("default")
    small.settings_dict = small.settings_dict | {"NAME": "small"}
    return small


def times(small: DatabaseWrapper) -> dict[str, dict[str, list[float]]]:
    """Return the milliseconds of each kind of page on both catalogues, asked for in turn."""
    both = {"small": (SMALL, small), "large": (LARGE, connections["default"])}
    spent: dict[str, dict[str, list[float]]] = {}
    chance, browser = random.Random(7), Client(headers={"host": "localhost"})
    for turn in range(REQUESTS + WARM):
        for size, (products, database) in both.items():
            connections["default"] = database
            for name, path in asked(chance, products).items():
                cache.clear()
                ms = 1_000 * lib.timed(lambda p=path: answered(browser, p))
                if turn >= WARM:
                    spent.setdefault(name, {}).setdefault(size, []).append(ms)
    for name, values in spent.items():
        said = [f"{size} p50 {statistics.median(ms):.1f} p95 {p95(ms):.1f}"
                for size, ms in values.items()]  # fmt: skip
        lib.say(f"{name}: {', '.join(said)} ms")
    return spent


def p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def statements() -> dict[str, int]:
    """Return how many statements each kind of page takes."""
    chance, browser = random.Random(1), Client(headers={"host": "localhost"})
    found = {}
    for name, path in asked(chance, LARGE).items():
        with CaptureQueriesContext(connection) as seen:
            answered(browser, path)
        found[name] = len(seen)
    return found


def answered(browser: Client, path: str) -> None:
    answer = browser.get(path)
    if answer.status_code != 200 or b"thing-" not in answer.content:
        raise RuntimeError(f"{path} answered {answer.status_code}")


def cpu(kind: str, plain: bool, seed: int, products: int = SMALL) -> float:
    """Return the microseconds of CPU per page of this process."""
    changes = {"ROOT_URLCONF": shop_plain.__name__, "MIDDLEWARE": shop_plain.MIDDLEWARE}
    chance = random.Random(seed)
    paths = [asked(chance, products)[kind] for _n in range(REQUESTS)]
    with override_settings(**changes if plain else {}):
        browser = Client(headers={"host": "localhost"})
        browser.handler.load_middleware()
        for path in paths[:5]:
            answered(browser, path)
        begun = time.process_time()
        for path in paths:
            answered(browser, path)
        return 1e6 * (time.process_time() - begun) / len(paths)


def rush() -> tuple[int, int]:
    """Return how many of fifty buyers paid for one of the last ten pieces, and what was sold."""
    variant = Variant.objects.select_related("product__brand").order_by("pk").first()
    Variant.objects.filter(pk=variant.pk).update(stock=10, reserved=0)
    port = lib.free_port()
    env = os.environ | {"TRUSTED_PROXY_COUNT": "1", "PORT": str(port), "SITE_URL": ""}
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "2", "--blocking-threads", "4", "--no-ws"]
    with lib.running([*command, "--log-level", "warning", "config.wsgi:application"], env):
        lib.wait_for(("127.0.0.1", port))
        url = f"http://localhost:{port}"
        paid = buyers.rush(url, variant.product.get_absolute_url(), variant.pk, 50)
    sold = OrderLine.objects.filter(variant=variant, brand_order__order__status="paid")
    return paid, sum(sold.values_list("quantity", flat=True))


def main() -> int:
    WSGIHandler()  # every module is loaded before a clock runs
    begun = time.monotonic()
    fill(1, SMALL)
    contenders = {
        f"{kind} {'by hand' if plain else 'ours'}": lambda k=kind, p=plain: cpu(k, p, 7)
        for kind in ("list", "product")
        for plain in (False, True)
    }
    spent = lib.interleave(contenders, ROUNDS, pick=min)
    small = keep_small()
    fill(SMALL + 1, LARGE)
    lib.say(f"{LARGE:,} products, {time.monotonic() - begun:.0f} s in")
    spent_ms = times(small)
    small.close()
    taken = statements()
    paid, sold = rush()
    shown = {name: [round(p95(ms[size]), 1) for size in ("small", "large")]
             for name, ms in spent_ms.items()}  # fmt: skip
    grown = {name: p95(ms["large"]) / p95(ms["small"]) for name, ms in spent_ms.items()}
    over = {kind: spent[f"{kind} ours"] / spent[f"{kind} by hand"] for kind in ("list", "product")}
    return lib.report(
        "shop", ROUNDS,
        {"products": [SMALL, LARGE], "statements": taken,
         "cpu_us": {name: round(value) for name, value in spent.items()},
         "p95_ms": shown},
        {"list_cpu_over_plain": over["list"], "product_cpu_over_plain": over["product"],
         "statements": max(taken.values()),
         "list_p95_over_small": max(grown[name] for name in ("list", "shelf", "sorted", "brand")),
         "search_p95_over_small": max(grown["search"], grown["rare"]),
         "product_p95_over_small": grown["product"], "paid_of_ten": paid, "sold_of_ten": sold},
        {"list_cpu_over_plain": {"max": 2}, "product_cpu_over_plain": {"max": 2},
         "statements": {"max": 4}, "list_p95_over_small": {"max": 1.5},
         "product_p95_over_small": {"max": 1.5},
         "paid_of_ten": {"min": 10, "max": 10}, "sold_of_ten": {"min": 10, "max": 10}},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
