"""What a search engine may find of the shop: its first page, shelves, brands and products."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from config.lib.sitemaps import IdSitemap
from shop.models import Brand, Category, Product


class Shelves(IdSitemap):
    def items(self) -> QuerySet:
        return Category.objects.filter(is_blocked=False)

    def location(self, item: Category) -> str:
        return f"{reverse('shop:storefront_list')}?category={item.slug}"


class Brands(IdSitemap):
    def items(self) -> QuerySet:
        return Brand.objects.active()


class Products(IdSitemap):
    """Rows of slugs and moment only: ten thousand of them make a page."""

    def items(self) -> QuerySet:
        rows = Product.objects.on_sale()
        return rows.values_list("brand__slug", "slug", "updated_at")

    def location(self, item: tuple[Any, ...]) -> str:
        return reverse("shop:product", args=item[:2])

    def lastmod(self, item: tuple[Any, ...]) -> datetime:
        return item[2]


SECTIONS = {"shelves": Shelves, "brands": Brands, "products": Products}
