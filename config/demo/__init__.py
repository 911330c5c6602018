"""A market to look at: creators, brands, sales and seven months of settled history.

`fill` is one transaction: all of it is there, or nothing. The same seed, sizes and day
give the same market. Sales and money are written by COPY and by set-based statements that
keep every rule of the books; decisions are made by the real policy.
"""

from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from affiliates import brandweeks, closings, invariants, proof, solvency
from affiliates.models import Commission
from config.demo import (
    accounts,
    books,
    clicks,
    disputes,
    doors,
    fees,
    fridays,
    letters,
    nights,
    outages,
    people,
    sales,
    samples,
    shops,
    ties,
)
from config.demo.copying import Copier
from config.demo.world import Size, World
from creators.models import Creator
from shop import products
from shop.models import Brand, Order, Product

__all__ = ["BooksOff", "Size", "fill", "is_filled", "steps"]

UNCHECKED_FROM = 2_000  # orders; smaller markets are written with every foreign key checked


class BooksOff(Exception):
    """The market that was made breaks a rule of the books; nothing of it was kept."""


def is_filled() -> bool:
    """Say whether there is anybody or anything in this market."""
    return any(model.objects.exists() for model in (Creator, Brand, Order, Commission))


def steps(size: Size) -> int:
    """Return how many steps the progress bar counts."""
    return size.creators // 100 * 100 + size.brands + size.orders // 500 * 500


def fill(size: Size, seed: int, now: datetime, bar) -> list[accounts.SignIn]:
    """Make the market and return who can sign in. Raises BooksOff."""
    with transaction.atomic(), _unchecked(size.orders >= UNCHECKED_FROM):
        signed = accounts.admins(seed)
        world = World(size, seed, now.replace(microsecond=0), Copier(), bar)
        world.admins = [accounts.User.objects.get(email=one.email).pk for one in signed]
        people.make(world)
        shops.make(world)
        shops.invite(world)
        _refresh_products(world)
        ties.make(world)
        opened = sales.make(world)
        nights.settle(world)
        fridays.pay(world, opened)
        world.step("ledger")
        books.write_entries()
        world.copier.finish()
        _analyze()  # all that follows joins what was just written
        closings.close_all()
        world.step("proofs")
        proof.publish()
        clicks.make(world)
        clicks.show_in_directory(world)
        disputes.make(world)
        brandweeks.refresh(world.now)
        solvency.refresh(world.now)
        world.step("samples")
        samples.make(world)
        fees.make(world)
        signed = accounts.people_of(seed) + signed
        letters.make(world)  # after the first brand has its owner
        doors.make(world)
        world.step("outages")
        outages.make(world)
        _analyze()  # the check joins everything
        _check(world)
    return signed


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("analyze")


def _refresh_products(world: World) -> None:
    """Write prices, stock and search words of all products, as the shop does."""
    ids = list(Product.objects.order_by("id").values_list("id", flat=True))
    for at in range(0, len(ids), 2_000):
        world.step("products")
        products.refresh(ids[at : at + 2_000])


def _check(world: World) -> None:
    world.step("checking the books")
    if broken := invariants.check():
        raise BooksOff(f"the books are off: {broken}")


@contextmanager
def _unchecked(wanted: bool):
    """Skip row triggers and foreign keys while much is written, where the role may."""
    with connection.cursor() as cursor:
        cursor.execute("select has_parameter_privilege('session_replication_role', 'set')")
        skip = wanted and cursor.fetchone()[0]
        if skip:
            cursor.execute("set local session_replication_role = replica")
        yield
        if skip:
            cursor.execute("set local session_replication_role = origin")
