"""Pages of a sitemap cut by ids: none is counted, and the last is as quick as the first."""

from functools import cached_property
from types import SimpleNamespace
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.core.paginator import EmptyPage
from django.db.models import Max, QuerySet

PAGE = 10_000  # ids; a file may hold 50,000 addresses


class IdPages:
    """What `Sitemap` asks of a paginator, over rows with an `id`."""

    def __init__(self, rows: QuerySet, page: int = PAGE) -> None:
        self.rows, self.size = rows, page

    @cached_property
    def num_pages(self) -> int:
        last = self.rows.model._default_manager.aggregate(last=Max("pk"))["last"] or 0
        return last // self.size + 1

    def page(self, number: int | str) -> SimpleNamespace:
        number = int(number)
        if not 1 <= number <= self.num_pages:
            raise EmptyPage(f"there is no page {number}")
        ids = {"pk__gte": (number - 1) * self.size, "pk__lt": number * self.size}
        return SimpleNamespace(object_list=list(self.rows.filter(**ids).order_by("pk")))


class IdSitemap(Sitemap):
    """A section of the sitemap; `items` returns rows with an `id`, of which no page is counted."""

    @property
    def protocol(self) -> str:
        return urlsplit(settings.SITE_URL).scheme

    @property
    def paginator(self) -> IdPages:
        return IdPages(self.items())

    def get_domain(self, site: object = None) -> str:
        return urlsplit(settings.SITE_URL).netloc

    def get_latest_lastmod(self) -> None:
        """The index does not say it: it would read everything."""
