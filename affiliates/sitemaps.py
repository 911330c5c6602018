"""Pages of creators that a search engine may find: of those who show something there."""

from django.db.models import Exists, OuterRef, QuerySet

from affiliates.models import Link
from config.lib.sitemaps import IdSitemap
from creators.models import Creator


class Creators(IdSitemap):
    def items(self) -> QuerySet:
        shown = Link.objects.filter(creator=OuterRef("pk"), on_storefront=True, is_active=True)
        return Creator.objects.enrolled().filter(Exists(shown))


SECTIONS = {"creators": Creators}
