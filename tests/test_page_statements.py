"""Pages take few statements, and no more with hundreds of rows than with a few."""

import pytest
from django.test import TransactionTestCase

from config.demo.world import Size
from tests import harness, tour

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
ISSUED = {"shop:brand_invoice"}  # who first looks at a paper has it issued
KINDS = 2  # statements more for kinds of rows that the small market lacks; rows take none
FEW, MANY = Size(12, 2, 8, 120), Size(36, 6, 36, 360)


def tour_of(size, seen=frozenset()) -> dict[str, list[str]]:
    """Fill a market, return each page's statements, and empty it.

    `seen`: the pages of an earlier tour.
    """
    harness.fill_market(size)
    found = {}
    browsers = tour.clients()
    for page in tour.pages():
        asked = tour.statements(browsers[page.who], page.path, page.name in seen - ISSUED)
        if asked is not None:
            found[page.name] = asked
    TransactionTestCase._fixture_teardown(None)
    return found


def test_no_page_asks_more_than_it_may_whatever_the_number_of_rows():
    few = tour_of(FEW)
    many = tour_of(MANY, seen=set(few))

    limit = {name: 6 if name in tour.SIX else 12 for name in many}
    assert {n: len(many[n]) for n in many if len(many[n]) > limit[n]} == {}
    assert {n: (len(few[n]), len(many[n])) for n in few if len(many[n]) > len(few[n]) + KINDS} == {}
    assert len(many) > 80  # of ours and of the admin
