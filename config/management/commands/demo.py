"""Fill an empty market with people, brands and seven months of history."""

import time
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from tqdm import tqdm

from config import demo
from config.demo import accounts, emptying
from config.demo.world import Size


class Command(BaseCommand):
    help = "Fill an empty market with a believable history; prints how to sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        size = Size()
        parser.add_argument("--creators", type=int, default=size.creators)
        parser.add_argument("--brands", type=int, default=size.brands)
        parser.add_argument("--products", type=int, default=size.products)
        parser.add_argument("--orders", type=int, default=size.orders)
        parser.add_argument("--seed", type=int, default=1, help="the same seed: the same market")
        parser.add_argument("--reset", action="store_true", help="empty the market first")

    def handle(self, *args, **options) -> None:
        if not settings.DEMO:
            raise CommandError("demo is refused in live mode: set MARKET_MODE=demo.", returncode=2)
        size = Size(*(options[name] for name in ("creators", "brands", "products", "orders")))
        if min(size.creators, size.brands) < 1 or size.products < size.brands or size.orders < 0:
            raise CommandError(
                "A market needs a creator, a brand, and a product for every brand.", returncode=2
            )
        migrations = MigrationExecutor(connection)
        if migrations.migration_plan(migrations.loader.graph.leaf_nodes()):
            raise CommandError("Tables are missing: run `manage.py migrate` first.", returncode=2)
        if demo.is_filled():
            if not options["reset"]:
                self.stdout.write("This market is filled already. `demo --reset` empties it first.")
                return
            emptying.empty(connection)
        begun = time.monotonic()
        form = "{desc:<20}{bar} {percentage:3.0f}% {elapsed}"
        with tqdm(
            total=demo.steps(size),
            bar_format=form,
            file=self.stderr._out,
            disable=options["verbosity"] < 1,
        ) as bar:
            signed = demo.fill(size, options["seed"], timezone.now(), bar)
        text = accounts.write(signed)
        spent = time.monotonic() - begun
        self.stdout.write(
            f"{size.creators} creators, {size.brands} brands, {size.products} products and"
            f" {size.orders} orders in {spent:.0f} s; the books are in balance."
        )
        self.stdout.write(text)
