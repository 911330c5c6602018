"""Tables as files: small ones at once, large ones in the worker with a mailed link.

    table_of(owner, name)                   one of the declared tables (affiliates/tables, shop/tables)
    begin(user, owner, table, …) -> Export  ask for a large one; the same again is the same row
    make(pk, at)                            the worker makes it, row by row, into a private file
    token(row), opened(token, user)         the link: signed, for days, for whoever asked alone
    purge(at)                               files go after a week

A worker that dies leaves its row `running` without a sign of life; `lost` finds it, and another
begins anew. Two workers on one row: the second leaves it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.files import File
from django.core.files.temp import NamedTemporaryFile
from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from affiliates.letters import Letter
from affiliates.models import Export
from affiliates.tables import brands, creators
from config.lib import sheets, tables
from config.lib.post import NotNow
from config.lib.privatefiles import private_files
from config.lib.tables import Rows, Table
from creators.models import Creator
from shop import tables as shop_tables
from shop.models import Brand, Membership

logger = logging.getLogger(__name__)
AT_ONCE = 5_000  # rows; more are made in the worker
MOST = {"csv": 2_000_000, "xlsx": 300_000}  # rows that a worker makes within its time
OPEN_AT_A_TIME = 3  # of one person
KEEP = timedelta(days=7)
LOST_AFTER = timedelta(minutes=6)  # longer than a task may take between two signs of life
GIVE_UP = timedelta(hours=2)  # after which nobody begins anew what workers died of
FOLDER = "exports"  # among private files
Owner = Creator | Brand
TABLES: dict[type, dict[str, Table]] = {
    Creator: tables.by_name(creators.ALL),
    Brand: tables.by_name((*brands.ALL, *shop_tables.ALL)),
}


class TooMany(Exception):
    """She waits for OPEN_AT_A_TIME files already."""


class TooLarge(Exception):
    """The table has more than `most` rows of this kind of file."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} rows")
        self.most = most


def table_of(owner: Owner, name: str) -> Table:
    """Return a table that such an owner sees. Raises tables.Nothing."""
    try:
        return TABLES[type(owner)][name]
    except KeyError as error:
        raise tables.Nothing(name) from error


def rows(table: Table, owner: Owner, found: Rows) -> Iterator[list[object]]:
    """Yield the head and every row."""
    for chunk in table.cells(owner, found):
        yield from chunk


def name_of(owner: Owner, table: Table, kind: str, at: datetime) -> str:
    """Return what a download is called."""
    whose = owner.handle if isinstance(owner, Creator) else owner.slug
    return f"{whose}-{table.name}-{timezone.localdate(at):%Y-%m-%d}.{kind}"


# ------------------------------------------------------------ asked for


@transaction.atomic
def begin(
    user: AbstractBaseUser,
    owner: Owner,
    table: Table,
    asked: dict[str, str],
    kind: str,
    at: datetime,
) -> Export:
    """Ask for a large table. Raises TooMany, TooLarge and what the table's rows raise."""
    get_user_model().objects.select_for_update().get(pk=user.pk)
    mine = Export.objects.filter(user=user, state__in=[Export.State.WAITING, Export.State.RUNNING])
    of = {"creator": owner} if isinstance(owner, Creator) else {"brand": owner}
    same = mine.filter(table=table.name, kind=kind, asked=asked, **of).first()
    if same is not None:
        return same
    if mine.count() >= OPEN_AT_A_TIME:
        raise TooMany(f"user {user.pk}")
    count = tables.size(table.rows(owner, asked), MOST[kind])
    if count > MOST[kind]:
        raise TooLarge(MOST[kind])
    return Export.objects.create(
        user=user, table=table.name, asked=asked, kind=kind, rows_all=count, asked_at=at,
        seen_at=at, language=(translation.get_language() or "en")[:5], **of,
    )  # fmt: skip


def owner_of(row: Export) -> Owner:
    return row.creator or row.brand


def is_hers(row: Export) -> bool:
    """Say whether who asked still is this creator, or still acts for this brand."""
    if row.creator_id:
        return row.creator.user_id == row.user_id and row.creator.erased_at is None
    team = Membership.objects.filter(user=row.user_id, brand=row.brand_id)
    return (team.owners() if table_of(row.brand, row.table).for_owners else team).exists()


# ------------------------------------------------------------ made


def make(pk: int, at: datetime) -> int:
    """Make a file; return its rows (without the head), 0 where there is nothing to do."""
    row = _claim(pk, at)
    if row is None:
        return 0
    try:
        if not is_hers(row):
            raise tables.Nothing("she left")
        name, count = _write(row)
    except (tables.Nothing, tables.Wrong, SoftTimeLimitExceeded) as error:
        logger.warning("export %s: %s", pk, error or type(error).__name__)
        Export.objects.filter(pk=pk).update(state=Export.State.FAILED)
        return 0
    except Exception:
        Export.objects.filter(pk=pk).update(state=Export.State.FAILED)
        raise
    now = timezone.now()
    mine = Export.objects.filter(pk=pk, state=Export.State.RUNNING)
    if not mine.update(
        state=Export.State.DONE, file=name, rows_done=count, rows_all=count, done_at=now
    ):  # purged or erased meanwhile
        private_files().delete(name)
        return 0
    tell(now, pk)
    return count


def wait(pk: int, at: datetime) -> None:
    """Note that a file still waits for its turn, so that nobody takes it for lost."""
    Export.objects.filter(pk=pk, state=Export.State.WAITING).update(seen_at=at)


@transaction.atomic
def _claim(pk: int, at: datetime) -> Export | None:
    found = Export.objects.select_for_update(of=["self"], skip_locked=True)
    row = found.select_related("creator", "brand").filter(pk=pk).first()
    if row is None or not row.is_open:
        return None
    if row.state == Export.State.RUNNING and row.seen_at > at - LOST_AFTER:
        return None
    row.state, row.seen_at, row.rows_done = Export.State.RUNNING, at, 0
    row.save(update_fields=["state", "seen_at", "rows_done"])
    return row


def _write(row: Export) -> tuple[str, int]:
    """Write the file and keep it; return its name and how many rows it has."""
    owner = owner_of(row)
    table = table_of(owner, row.table)
    with translation.override(row.language), NamedTemporaryFile() as file:
        found = table.rows(owner, row.asked)
        done = 0
        for done in sheets.write(row.kind, table.cells(owner, found), file):
            values = {"rows_done": done - 1, "seen_at": timezone.now()}
            if not Export.objects.filter(pk=row.pk).update(**values):
                raise tables.Nothing("nobody waits for it any more")
        file.seek(0)
        name = f"{FOLDER}/{row.pk}-{secrets.token_hex(8)}.{row.kind}"
        return private_files().save(name, File(file)), done - 1


def lost(at: datetime) -> list[int]:
    """Return those that wait, or run without a sign of life, for too long."""
    rows = Export.objects.filter(
        state__in=[Export.State.WAITING, Export.State.RUNNING], seen_at__lte=at - LOST_AFTER
    )
    rows.filter(asked_at__lte=at - GIVE_UP).update(state=Export.State.FAILED)
    return list(rows.order_by("seen_at").values_list("pk", flat=True)[:50])


# ------------------------------------------------------------ told and handed out


def token(row: Export) -> str:
    """Return what the link in the mail carries."""
    return TimestampSigner(salt="export").sign(str(row.pk))


def opened(text: str, user: AbstractBaseUser) -> Export | None:
    """Return the file that a link opens for this person; None for any other link or person."""
    try:
        pk = TimestampSigner(salt="export").unsign(text, max_age=KEEP)
    except BadSignature:
        return None
    rows = Export.objects.filter(pk=pk, user=user.pk, state=Export.State.DONE)
    row = rows.select_related("creator", "brand").first()
    return row if row is not None and is_hers(row) else None


def tell(at: datetime, pk: int | None = None) -> int:
    """Mail who waits for a file that is ready, or that failed, once; return how many."""
    over = [Export.State.DONE, Export.State.FAILED]
    rows = Export.objects.filter(told_at=None, state__in=over, asked_at__gt=at - KEEP)
    rows = rows.filter(pk=pk) if pk else rows
    told = 0
    for found in rows.values_list("pk", flat=True)[:100]:
        try:
            told += _tell(found, at)
        except NotNow:  # this one later; the others now
            logger.warning("the mail about export %s is taken later", found)
    return told


@transaction.atomic
def _tell(pk: int, at: datetime) -> bool:
    found = Export.objects.select_for_update(of=["self"], skip_locked=True)
    row = found.select_related("user", "creator", "brand").filter(pk=pk, told_at=None).first()
    if row is None:
        return False
    row.told_at = at
    row.save(update_fields=["told_at"])
    if not row.user.email or not row.user.is_active or (row.creator and row.creator.is_demo):
        return False
    with translation.override(row.language):
        _letter(row).send()
    return True


def _letter(row: Export) -> Letter:
    table = table_of(owner_of(row), row.table)
    why = _("You get this mail because you asked for this file.")
    if row.state == Export.State.FAILED:
        page = [row.brand.slug] if row.brand else []
        return Letter(
            to=row.user.email,
            subject=_("Your file could not be made: %(table)s") % {"table": table.title},
            title=_("Your file could not be made."),
            paragraphs=[_("Choose less of the table, and ask again.")],
            url=settings.SITE_URL + reverse(table.page, args=page),
            button=_("To the table"),
            why=why,
        )
    return Letter(
        to=row.user.email,
        subject=_("Your file is ready: %(table)s") % {"table": table.title},
        title=_("Your file is ready."),
        paragraphs=[
            _("%(table)s, %(rows)d rows, as %(kind)s.")
            % {"table": table.title, "rows": row.rows_done, "kind": row.get_kind_display()},
            _("The link works for 7 days, for you alone: sign in first. Then the file is deleted."),
        ],
        url=settings.SITE_URL + reverse("affiliates:export_file", args=[token(row)]),
        button=_("Download it"),
        why=why,
    )


# ------------------------------------------------------------ and forgotten


def purge(at: datetime, size: int = 200) -> int:
    """Delete files and rows that are a week old; return how many rows.

    Files too that a worker kept and died before it could say so.
    """
    files = private_files()
    kept = files.listdir(FOLDER)[1] if files.exists(FOLDER) else []
    for name in (f"{FOLDER}/{one}" for one in kept):
        if files.get_modified_time(name) <= at - KEEP:
            files.delete(name)
    rows = list(Export.objects.filter(asked_at__lte=at - KEEP).order_by("pk")[:size])
    return _delete(rows)


def forget(user: AbstractBaseUser) -> int:
    """Delete what a person asked for, when she is erased."""
    return _delete(list(Export.objects.filter(user=user.pk)))


def _delete(rows: list[Export]) -> int:
    names = [row.file for row in rows if row.file]
    Export.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for name in names:
        transaction.on_commit(lambda name=name: private_files().delete(name))
    return len(rows)
