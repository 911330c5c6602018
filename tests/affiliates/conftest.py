"""A brand and a creator to begin with; and after every test of money that passed, balanced books."""

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from affiliates import invariants, links
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand


@pytest.fixture
def brand():
    """A brand with an owner."""
    return make_brand(owner=make_user())


@pytest.fixture
def creator():
    """An enrolled creator who has accepted the terms of links."""
    found = make_creator(followers=6_000, user=make_user(), at=timezone.now())
    links.accept_terms(found.user, timezone.now())
    return found


@pytest.fixture
def books_may_break():
    """For tests that break the books on purpose."""


@pytest.fixture
def books(request, db):
    """Check every invariant when the test is over; to plan the questions takes longer than to ask."""
    yield
    if "books_may_break" not in request.fixturenames:
        connection.ensure_connection()
        with psycopg.Cursor(connection.connection) as cursor:
            found = {
                name: cursor.execute(invariants.first(query), prepare=True).fetchall()
                for name, query in invariants.INVARIANTS.items()
            }
        assert {name: rows for name, rows in found.items() if rows} == {}
