"""Migrations run while the old version serves: none of ours makes it wait, or ends it."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config import longlocks

OURS = {"affiliates", "config", "creators", "shop"}


@pytest.mark.django_db(transaction=True)
def test_no_migration_of_ours_holds_a_table_for_long():
    found = MigrationLoader(connection, replace_migrations=False).disk_migrations
    ours = {key: one for key, one in found.items() if key[0] in OURS}

    assert {key: said for key, one in ours.items() if (said := longlocks.of_migration(one))} == {}


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ('CREATE INDEX "x" ON "shop_order" ("a")', "AddIndexConcurrently"),
        ('CREATE UNIQUE INDEX "x" ON "shop_order" ("a")', "AddIndexConcurrently"),
        ('ALTER TABLE "shop_order" ADD CONSTRAINT "x" CHECK ("a" > 0)', "NOT VALID"),
        ('ALTER TABLE "shop_order" ADD CONSTRAINT "x" FOREIGN KEY ("a") REFERENCES "b" ("id")',
         "NOT VALID"),
        ('ALTER TABLE "shop_order" ADD CONSTRAINT "x" UNIQUE ("a")', "USING INDEX"),
        ('ALTER TABLE "shop_order" ALTER COLUMN "a" TYPE bigint USING "a"::bigint', "anew"),
        ('ALTER TABLE "shop_order" ALTER COLUMN "a" SET NOT NULL', "IS NOT NULL"),
        ('ALTER TABLE "shop_order" ADD COLUMN "a" bigint NOT NULL', "default"),
        ('ALTER TABLE "shop_order" ADD COLUMN "a" uuid DEFAULT gen_random_uuid() NOT NULL', "anew"),
        ('ALTER TABLE "shop_order" ADD COLUMN "a" bigint GENERATED ALWAYS AS (b % 64) STORED',
         "anew"),
        ('ALTER TABLE "shop_order" ALTER COLUMN "a" DROP DEFAULT', "db_default"),
        ('ALTER TABLE "shop_order" DROP COLUMN "a" CASCADE', "one version later"),
        ('ALTER TABLE "shop_order" RENAME COLUMN "a" TO "b"', "old name"),
        ('DROP TABLE "shop_order" CASCADE', "one version later"),
        ('DROP INDEX IF EXISTS "x"', "CONCURRENTLY"),
        ("UPDATE shop_order SET a = 1", "batches"),
        ('CREATE INDEX CONCURRENTLY "x" ON "shop_order" ("a")', "atomic = False"),
    ],
)  # fmt: skip
def test_what_makes_a_busy_site_wait_is_found(statement, why):
    said = list(longlocks.of_statements([statement]))
    assert len(said) == 1 and why in said[0]


def test_what_is_over_at_once_is_not():
    said = longlocks.of_statements(
        [
            'CREATE TABLE "new" ("id" bigint NOT NULL PRIMARY KEY)',
            'CREATE INDEX "x" ON "new" ("id")',
            'ALTER TABLE "new" ADD CONSTRAINT "y" CHECK ("id" > 0)',
            'ALTER TABLE "shop_order" ADD COLUMN "a" bigint NULL',
            'ALTER TABLE "shop_order" ADD COLUMN "b" bigint DEFAULT 0 NOT NULL',
            'ALTER TABLE "shop_order" ADD CONSTRAINT "z" CHECK ("a" > 0) NOT VALID',
            'ALTER TABLE "shop_order" VALIDATE CONSTRAINT "z"',
            'ALTER TABLE "shop_order" DROP CONSTRAINT "old"',
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
        ]
    )
    assert list(said) == []
    safe = ['CREATE INDEX CONCURRENTLY "x" ON "shop_order" ("a")', 'DROP INDEX CONCURRENTLY "y"']
    assert list(longlocks.of_statements(safe, atomic=False)) == []


def test_a_body_of_a_function_is_one_statement():
    text = "CREATE FUNCTION f() AS $$ BEGIN UPDATE a SET b = 'x;y'; END $$;\nUPDATE c SET d = ';'"
    assert [one.split()[0] for one in longlocks._split(text)] == ["CREATE", "UPDATE"]
