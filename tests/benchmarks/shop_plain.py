"""The shop by hand: two views on the same tables, with Django's own middleware.

What one would write in an afternoon: select_related, prefetch_related, a page of 24, the same
facts of each product in plain HTML. No icons, no other language, no creators, no data for machines.
"""

from functools import cache

from django import forms
from django.http import Http404, HttpResponse
from django.template import RequestContext, Template
from django.urls import path

from shop.models import Category, Product

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
FRAME = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="/static/css/site.css"></head><body><header><a href="/">Home</a>
<a href="/shop/">Shop</a> <a href="/cart/">Bag</a>{{% if user.is_authenticated %}}
<a href="/accounts/logout/">{{{{ user }}}}</a>{{% else %}}<a href="/accounts/login/">Sign in</a>
{{% endif %}}</header><main>{body}</main><footer><a href="/terms/">Terms</a></footer></body></html>"""
CARD = """<article><img src="{{ product.images.all.0.small_url }}" alt="" width="384" height="384">
<h3><a href="/shop/{{ product.brand.slug }}/{{ product.slug }}/">{{ product.title }}</a></h3>
<p>{{ product.brand.name }}</p><p>€{{ product.price_from }}</p>
{% if not product.in_stock %}<p>Sold out</p>{% endif %}</article>"""
LIST = (
    """<h1>Shop</h1><form>{{ form.as_p }}<button>Search</button></form>
{% for product in products %}"""
    + CARD
    + """{% endfor %}
{% if more %}<a href="?page={{ next }}">Older</a>{% endif %}"""
)
PRODUCT = (
    """<h1>{{ product.title }}</h1><p><a href="/shop/{{ product.brand.slug }}/">
{{ product.brand.name }}</a></p>{% for image in product.images.all %}<img src="{{ image.large_url }}"
alt="{{ image.alt }}" width="{{ image.width }}" height="{{ image.height }}">{% endfor %}
<form method="post" action="/cart/add/">{% csrf_token %}{% for variant in product.variants.all %}
<label><input type="radio" name="variant" value="{{ variant.pk }}"{% if not variant.available %}
disabled{% endif %}>{% for name, value in variant.options %}{{ name }}: {{ value }}{% endfor %}
€{{ variant.price }}</label>{% endfor %}<button>Buy</button></form>{{ product.description|safe }}
<p>{{ product.brand.legal_name }} {{ product.brand.address }} {{ product.brand.city }}
{{ product.brand.email }} {{ product.brand.return_days }} days to return</p>
{% for product in others %}"""
    + CARD
    + "{% endfor %}"
)
SIZE = 24


@cache
def shelves() -> list[str]:
    """Return the slugs of the shelves that have products."""
    rows = Category.objects.filter(products__isnull=False).distinct()
    return list(rows.values_list("slug", flat=True))


class FilterForm(forms.Form):
    q = forms.CharField(required=False)
    category = forms.ModelChoiceField(Category.objects.filter(is_blocked=False), required=False)
    price_min = forms.DecimalField(required=False)
    price_max = forms.DecimalField(required=False)


@cache
def template(name: str) -> Template:
    body = {"list": LIST, "product": PRODUCT}[name]
    return Template(FRAME.format(title="Shop", body=body))


def on_sale():
    rows = Product.objects.filter(status="active", brand__status="active")
    return rows.select_related("brand", "category").prefetch_related("images")


def products(request):
    page = max(int(request.GET.get("page", 1)), 1)
    rows = on_sale().order_by("-created_at", "-id")[(page - 1) * SIZE : page * SIZE + 1]
    found = list(rows)
    facts = {"products": found[:SIZE], "more": len(found) > SIZE, "next": page + 1,
             "form": FilterForm(request.GET)}  # fmt: skip
    return HttpResponse(template("list").render(RequestContext(request, facts)))


def product(request, brand, slug):
    rows = on_sale().filter(brand__slug=brand, slug=slug).prefetch_related("variants")
    found = rows.first()
    if found is None:
        raise Http404("no such product")
    others = on_sale().filter(brand=found.brand).exclude(pk=found.pk).order_by("-created_at")[:4]
    facts = {"product": found, "others": others}
    return HttpResponse(template("product").render(RequestContext(request, facts)))


urlpatterns = [
    path("shop/", products),
    path("shop/<slug:brand>/<slug:slug>/", product),
]
