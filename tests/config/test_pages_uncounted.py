"""Pages of lists that nobody counts."""

import pytest
from django.contrib.auth.models import Group
from django.template import Context, Template
from django.test import RequestFactory

from config.lib import pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def found():
    Group.objects.all().delete()
    Group.objects.bulk_create(Group(name=name) for name in "abcde")
    return Group.objects.order_by("name")


@pytest.mark.parametrize(
    ("number", "names", "has_next", "has_previous"),
    [(0, "ab", True, False), (1, "ab", True, False), (2, "cd", True, True), (3, "e", False, True),
     (4, "", False, True)],
)  # fmt: skip
def test_a_page_knows_what_is_on_it_and_whether_more_follow(
    found, number, names, has_next, has_previous, django_assert_num_queries
):
    with django_assert_num_queries(1):
        page = pages.page(found, number, 2)

    assert ("".join(row.name for row in page), len(page)) == (names, len(names))
    assert (page.has_next, page.has_previous, page.has_other_pages) == (
        has_next, has_previous, True,
    )  # fmt: skip


def test_the_pager_leads_on_and_keeps_what_was_asked(found):
    shown = Template("{% load thousand %}{% pager page %}")
    request = RequestFactory().get("/?q=a&page=2")

    text = shown.render(Context({"request": request, "page": pages.page(found, 2, 2)}))
    alone = shown.render(Context({"request": request, "page": pages.page(found, 1, 9)}))

    assert 'rel="prev" href="?q=a&amp;page=1"' in text
    assert 'rel="next" href="?q=a&amp;page=3"' in text
    assert ">Page 2<" in text
    assert alone.strip() == ""
