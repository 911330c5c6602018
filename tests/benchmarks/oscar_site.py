"""A shop of django-oscar set up as its sandbox is; run by `oscar.py` in an environment of its own.

Arguments: folder, PostgreSQL's socket folder, user, database, products; then `fill`, or `sandbox` or
`tuned` to be asked for pages: each line on stdin names a kind of page, and is answered by a line of
JSON: CPU of this process per page in microseconds, and the page's statements. Tuned: no spelling
suggestions at each search, and templates that are kept.
"""

import io
import json
import logging
import sys
import time
import types
from pathlib import Path

import django
from django.conf import settings
from django.urls import include, path

HOME = Path(sys.argv[1])
HOST, USER, NAME = sys.argv[2:5]
PRODUCTS, ORDER = int(sys.argv[5]), sys.argv[6]
TUNED = ORDER == "tuned"
REQUESTS, WARM = 12, 3
CONTRIB = "admin auth contenttypes sessions messages staticfiles sites flatpages sitemaps"
APPS = (
    "analytics:Analytics checkout:Checkout address:Address shipping:Shipping catalogue:Catalogue"
    " catalogue.reviews:CatalogueReviews communication:Communication partner:Partner basket:Basket"
    " payment:Payment offer:Offer order:Order customer:Customer search:Search voucher:Voucher"
    " wishlists:Wishlists dashboard:Dashboard dashboard.reports:ReportsDashboard"
    " dashboard.users:UsersDashboard dashboard.orders:OrdersDashboard"
    " dashboard.catalogue:CatalogueDashboard dashboard.offers:OffersDashboard"
    " dashboard.partners:PartnersDashboard dashboard.pages:PagesDashboard"
    " dashboard.ranges:RangesDashboard dashboard.reviews:ReviewsDashboard"
    " dashboard.vouchers:VouchersDashboard dashboard.communications:CommunicationsDashboard"
    " dashboard.shipping:ShippingDashboard"
)
CONTEXT = [
    "django.contrib.auth.context_processors.auth", "django.template.context_processors.request",
    "django.template.context_processors.debug", "django.template.context_processors.i18n",
    "django.template.context_processors.media", "django.template.context_processors.static",
    "django.contrib.messages.context_processors.messages",
    "oscar.apps.search.context_processors.search_form",
    "oscar.apps.communication.notifications.context_processors.notifications",
    "oscar.apps.checkout.context_processors.checkout",
    "oscar.core.context_processors.metadata",
]  # fmt: skip
LOADERS = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]


def set_up() -> None:
    from oscar import defaults

    facts = {name: getattr(defaults, name) for name in dir(defaults) if name.isupper()}
    facts |= {"OSCAR_RECENTLY_VIEWED_PRODUCTS": 20, "OSCAR_SHOP_TAGLINE": "Sandbox"}
    apps = [f"django.contrib.{name}" for name in CONTRIB.split()]
    apps.append("oscar.config.Shop")
    for pair in APPS.split():
        module, name = pair.split(":")
        apps.append(f"oscar.apps.{module}.apps.{name}Config")
    apps += ["widget_tweaks", "haystack", "treebeard", "sorl.thumbnail", "django_tables2"]
    loaders = [("django.template.loaders.cached.Loader", LOADERS)] if TUNED else LOADERS
    settings.configure(
        **facts,
        SECRET_KEY="bench", ALLOWED_HOSTS=["localhost"], USE_TZ=True, SITE_ID=1,  # noqa: S106
        LANGUAGE_CODE="en-gb", DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=apps, MIDDLEWARE=MIDDLEWARE, ROOT_URLCONF="oscar_urls",
        STATIC_URL="/static/", MEDIA_ROOT=str(HOME / "media"), MEDIA_URL="/media/",
        AUTHENTICATION_BACKENDS=["oscar.apps.customer.auth_backends.EmailBackend",
                                 "django.contrib.auth.backends.ModelBackend"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates",
                    "OPTIONS": {"loaders": loaders, "context_processors": CONTEXT}}],
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "HOST": HOST,
                               "USER": USER, "NAME": NAME, "CONN_MAX_AGE": None,
                               "ATOMIC_REQUESTS": True}},
        HAYSTACK_CONNECTIONS={"default": {
            "ENGINE": "haystack.backends.whoosh_backend.WhooshEngine",
            "PATH": str(HOME / "index"), "INCLUDE_SPELLING": not TUNED}},
    )  # fmt: skip
    logging.disable(logging.WARNING)
    django.setup()
    from django.apps import apps as registry

    urls = types.ModuleType("oscar_urls")
    sys.modules["oscar_urls"] = urls
    urls.urlpatterns = [
        path("i18n/", include("django.conf.urls.i18n")),
        path("", include(registry.get_app_config("oscar").urls[0])),
    ]


def fill() -> None:
    """Put products in, each with a price, stock and a picture, on five shelves."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage
    from django.core.management import call_command
    from oscar.core.loading import get_model
    from PIL import Image

    call_command("migrate", verbosity=0)
    shelves = [
        get_model("catalogue", "Category").add_root(name=f"Shelf {n}", slug=f"shelf-{n}")
        for n in range(5)
    ]
    kind = get_model("catalogue", "ProductClass").objects.create(name="Things")
    partner = get_model("partner", "Partner").objects.create(name="Mill")
    out = io.BytesIO()
    Image.new("RGB", (600, 600), "teal").save(out, "JPEG")
    picture = default_storage.save("images/products/thing.jpg", ContentFile(out.getvalue()))
    product, record = get_model("catalogue", "Product"), get_model("partner", "StockRecord")
    shown, on = get_model("catalogue", "ProductImage"), get_model("catalogue", "ProductCategory")
    rows = product.objects.bulk_create(
        product(
            structure="standalone", upc=f"upc-{n}", title=f"Thing number {n}", slug=f"thing-{n}",
            description="A thing that lasts for years. " * 12, product_class=kind,
        )
        for n in range(PRODUCTS)
    )  # fmt: skip
    on.objects.bulk_create(on(product=row, category=shelves[n % 5]) for n, row in enumerate(rows))
    record.objects.bulk_create(
        record(product=row, partner=partner, partner_sku=row.upc, price_currency="EUR",
               price=5 + n % 200, num_in_stock=40)
        for n, row in enumerate(rows)
    )  # fmt: skip
    shown.objects.bulk_create(shown(product=row, original=picture, caption="") for row in rows)
    call_command("rebuild_index", interactive=False, verbosity=0)


def serve() -> None:
    """Answer each line of stdin with what a page of that kind costs."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from oscar.core.loading import get_model

    browser = Client(headers={"host": "localhost"})
    first = get_model("catalogue", "Product").objects.order_by("pk").values_list("pk", flat=True)[0]

    def ask(kind: str, n: int) -> None:
        if kind == "list":
            answer = browser.get("/catalogue/", {"page": (1, 2, 5)[n % 3]})
        else:
            number = n * 37 % PRODUCTS
            answer = browser.get(f"/catalogue/thing-{number}_{first + number}/")
        if answer.status_code != 200 or b"Thing number" not in answer.content:
            raise RuntimeError(f"the {kind} answered {answer.status_code}")

    for line in sys.stdin:
        kind = line.strip()
        for n in range(WARM):
            ask(kind, n)
        begun = time.process_time()
        for n in range(REQUESTS):
            ask(kind, n)
        spent = time.process_time() - begun
        with CaptureQueriesContext(connection) as seen:
            ask(kind, 0)
        facts = {"cpu_us": 1e6 * spent / REQUESTS, "statements": len(seen)}
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()


set_up()
if ORDER == "fill":
    fill()
else:
    serve()
