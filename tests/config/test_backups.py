"""Backups of a running market, put back: what was acknowledged is there, and the books are whole."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from psycopg import sql

from affiliates import erasure, settlement
from config import backups, embedded
from tests import harness
from tests.affiliates.factories import NIGHT_OVER, make_brand, make_commission
from tests.affiliates.test_erasure import noor
from tests.conftest import SERVERS

pytestmark = pytest.mark.django_db(transaction=True)


def owner_url(name: str) -> str:
    server, _slash, _name = os.environ["DATABASE_URL"].rpartition("/")
    return f"{server.replace('thousand@', 'thousand_owner@')}/{name}"


def restore(backup, database: str = "", **more) -> None:
    with harness.as_owner(database):
        backups.restore(backup, **more)


def run(*command: str, database: str, ok: bool = True) -> str:
    """Call `manage.py` as an operator does, on this database."""
    url = owner_url(database)
    env = {
        "DATABASE_URL": url.replace("thousand_owner@", "thousand@"),
        "DATABASE_OWNER_URL": url,
    }
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        env=os.environ | env, cwd=harness.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextmanager
def another_database():
    name = f"{connection.settings_dict['NAME']}_back"
    with harness.connect(SERVERS) as own:
        own.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        try:
            yield name
        finally:
            harness.drop(SERVERS, own, name)


def market() -> str:
    """One settled commission and one that waits, and a picture; returns the database's name."""
    brand = make_brand()
    for days in (0, 400):
        made = make_commission(brand=brand)
        made.due_at += timezone.timedelta(days=days)
        made.save()
    settlement.settle(NIGHT_OVER)
    return connection.settings_dict["NAME"]


def count(name: str, table: str) -> int:
    with harness.connect(SERVERS, name) as own:
        return own.execute(f"select count(*) from {table}").fetchone()[0]


def test_uploads_come_back_as_they_were(tmp_path, settings):
    settings.MEDIA_ROOT, settings.PRIVATE_ROOT = tmp_path / "media", tmp_path / "private"
    picture = tmp_path / "media" / "pictures" / "ab" / "one.webp"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"picture")
    picture.chmod(0o640)
    os.utime(picture, (1_790_000_000, 1_790_000_000))
    assert backups._pack(tmp_path / "files.tar") == []
    shutil.rmtree(tmp_path / "media")

    with tarfile.open(tmp_path / "files.tar") as tar:
        backups._unpack(tar)

    state = picture.stat()
    assert (picture.read_bytes(), state.st_mode & 0o777) == (b"picture", 0o640)
    assert state.st_mtime == 1_790_000_000


@pytest.mark.parametrize("name", ["media/../../out", "elsewhere/out", "/out", "media"])
def test_nothing_comes_back_beside_the_uploads(tmp_path, settings, name):
    settings.MEDIA_ROOT, settings.PRIVATE_ROOT = tmp_path / "in/media", tmp_path / "in/private"
    with tarfile.open(tmp_path / "files.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name))

    with tarfile.open(tmp_path / "files.tar") as tar, pytest.raises(backups.Damaged, match="place"):
        backups._unpack(tar)

    assert [path.name for path in tmp_path.iterdir()] == ["files.tar"]


@pytest.mark.slow
def test_a_backup_taken_under_load_is_put_back_whole(tmp_path):
    from creators.models import Niche

    name, acknowledged, stop = market(), [], threading.Event()

    def write() -> None:
        try:
            while not stop.is_set():
                acknowledged.append(Niche.objects.create(slug=f"n{len(acknowledged)}").pk)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(acknowledged) < 20:
            assert writer.is_alive()
        before = len(acknowledged)
        said = run("backup", str(tmp_path / "kept"), database=name)
        assert len(acknowledged) > before  # nobody waited for it
    finally:
        stop.set()
        writer.join()
    (backup,) = (tmp_path / "kept").iterdir()
    assert str(backup) in said

    with another_database() as other:
        said = run("restore", str(backup), database=other)
        assert "The books are in balance" in said
        back = count(other, "creators_niche")
        assert count(name, "creators_niche") >= back >= before
        for table in ("affiliates_ledgerentry", "affiliates_commission", "shop_order"):
            assert count(other, table) == count(name, table)

        said = run("restore", str(backup), database=other, ok=False)
        assert "--replace" in said
        run("restore", str(backup), "--replace", database=other)
        assert count(other, "creators_niche") == back
        with harness.connect(SERVERS, other, "thousand") as site:
            site.execute("update shop_brand set name = name")
            with pytest.raises(Exception, match="permission denied"):
                site.execute("delete from affiliates_ledgerentry")


@pytest.mark.slow
def test_whom_we_erased_since_is_erased_again(tmp_path, settings):
    settings.ERASURES_FILE = tmp_path / "erasures.jsonl"
    user = noor().user
    name = connection.settings_dict["NAME"]
    run("backup", str(tmp_path / "kept"), database=name)
    assert erasure.close(user, timezone.now())
    settings.ERASURES_FILE.open("a").write('{"user": 7, "a')  # a crash cut the line
    (backup,) = (tmp_path / "kept").iterdir()

    with another_database() as other, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ERASURES_FILE", str(settings.ERASURES_FILE))
        said = run("restore", str(backup), database=other)
        assert f"Erased again: {user.pk}." in said
        with harness.connect(SERVERS, other) as own:
            names = own.execute("select handle from creators_creator").fetchall()
        assert names == [(f"gone.{user.creator.pk}",)]


def test_uploads_come_back_and_damage_is_found(tmp_path, settings):
    picture = settings.MEDIA_ROOT / "pictures" / "ab" / "mug.webp"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"a mug")
    (picture.parent / "gone.webp").symlink_to("nowhere")  # a file that is there no more
    with harness.as_owner():
        backup = backups.make(tmp_path, timezone.now())
    shutil.rmtree(settings.MEDIA_ROOT)
    assert sum(backups.verify(backup)["rows"].values()) > 0

    with another_database() as other:
        restore(backup, other)
        assert picture.read_bytes() == b"a mug"

    dump = backup / backups.DUMP
    dump.write_bytes(dump.read_bytes()[:-1] + b"x")
    with pytest.raises(backups.Damaged, match=r"database\.dump is damaged"):
        backups.restore(backup)


def test_nothing_is_put_into_a_database_in_use(tmp_path):
    name = market()
    with harness.as_owner():
        backup = backups.make(tmp_path, timezone.now())
    with (
        harness.connect(SERVERS, name, "thousand"),
        pytest.raises(backups.Failed, match="stop the site first"),
    ):
        restore(backup, replace=True)
    assert count(name, "affiliates_commission") == 2


def test_old_backups_and_the_drafts_of_killed_calls_go(tmp_path):
    for day in ("20260101T000000Z", "20260102T000000Z"):
        (tmp_path / f"thousand-{day}").mkdir()
        (tmp_path / f"thousand-{day}" / backups.MANIFEST).write_text(json.dumps({"version": 1}))
    (tmp_path / "thousand-20260103T000000Z.draft").mkdir()
    (tmp_path / "thousand-holidays").mkdir()  # not ours
    with harness.as_owner():
        call_command("backup", str(tmp_path), "--keep", "2", verbosity=0)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left[0] == "thousand-20260102T000000Z"
    assert left[2] == "thousand-holidays"
    assert len(left) == 3


def test_a_server_of_another_version_is_asked_with_its_own_programs(tmp_path, monkeypatch):
    """PostgreSQL 15 refuses what the pg_restore of 18 sets: a database was empty by then."""
    monkeypatch.setattr(backups, "THEIRS", f"{tmp_path}/{{major}}-{{name}}")
    monkeypatch.setenv("PATH", str(tmp_path))
    for major, file in ((15, "15-pg_restore"), (20, "pg_restore")):
        own = tmp_path / file
        own.write_text(f"#!/bin/sh\necho 'pg_restore (PostgreSQL) {major}.3 (Debian)'\n")
        own.chmod(0o755)

    assert backups.program("pg_restore", 18) == embedded.postgres_program("pg_restore")
    assert backups.program("pg_restore", 15) == str(tmp_path / "15-pg_restore")
    assert backups.program("pg_restore", 20) == str(tmp_path / "pg_restore")
    for major in (16, 19):
        with pytest.raises(backups.Failed, match=f"postgresql-client-{major}"):
            backups.program("pg_restore", major)
