"""How each table stands to the distribution key `creator_id`: `python -m tests.shards > docs/shards.csv`.

Generated from the models, so that a new table or constraint shows up as a difference.
"""

import csv
import os
import sys
from collections.abc import Iterator
from typing import IO

import django

KEY = "creator_id"
APPS = ("creators", "shop", "affiliates")
HEAD = ("table", "way", "by", "unique without the key")
# A click knows its link by number alone, without a foreign key: it is written by COPY.
BY_NUMBER = {"affiliates_click": "link_id -> affiliates_link"}


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield a row per table: how it would be spread over machines, and what stands in the way.

    own: has the key. maybe: has it, and may be empty. follows: lies with a row that has it, and
    needs the key as a column. apart: has nothing to do with one creator.
    """
    from django.apps import apps

    models = [
        m for app in APPS for m in apps.get_app_config(app).get_models(include_auto_created=True)
    ]
    own = {model for model in models if _key(model)}
    for model in sorted(models, key=lambda one: one._meta.db_table):
        table, key = model._meta.db_table, _key(model)
        if key:
            way, by = ("maybe" if key.null else "own"), key.column
        elif found := BY_NUMBER.get(table) or _parent(model, own):
            way, by = "follows", found
        else:
            way, by = "apart", ""
        blocks = (
            "; ".join(_uniques(model, key.column if key else "")) if way in ("own", "maybe") else ""
        )
        yield table, way, by, blocks


def _key(model):
    if model._meta.label == "creators.Creator":
        return model._meta.pk
    return next((f for f in model._meta.concrete_fields if f.column == KEY), None)


def _parent(model, own) -> str:
    """Return a column that leads to a row with the key: the first that may not be empty."""
    found = [f for f in model._meta.concrete_fields if f.is_relation and f.related_model in own]
    found.sort(key=lambda field: field.null)
    return f"{found[0].column} -> {found[0].related_model._meta.db_table}" if found else ""


def _uniques(model, key: str) -> Iterator[str]:
    """Yield what is unique among all creators: a machine that holds some of them cannot promise it.

    Primary keys are left out where a number is all they are: it stays unique as (key, id).
    """
    from django.db.models import UniqueConstraint

    for field in model._meta.concrete_fields:
        if field.unique and not field.primary_key and field.column != key:
            yield field.column
    for one in model._meta.constraints:
        if not isinstance(one, UniqueConstraint):
            continue
        columns = [model._meta.get_field(name).column for name in one.fields]
        if key not in columns:
            yield one.name


def write(file: IO[str]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows(rows())


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    write(sys.stdout)
