"""After every test of money that passed, the books must balance."""

import pytest

from affiliates import invariants


@pytest.fixture
def books_may_break():
    """For tests that break the books on purpose."""


@pytest.fixture
def books(request, db):
    """Check every invariant when the test is over."""
    yield
    if "books_may_break" not in request.fixturenames:
        assert invariants.check() == {}
