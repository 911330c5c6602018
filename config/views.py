"""The house's own pages: health, errors, where a person goes after signing in, uploaded files."""

import sys
from datetime import timedelta

from django.conf import settings
from django.contrib.sitemaps import views as sitemap_views
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template import TemplateDoesNotExist, loader
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import cache_page, never_cache
from django.views.decorators.http import require_safe
from django.views.static import serve

from config import health
from config.lib.access import public, signed_in, staff
from config.lib.locks import AGAIN_S, is_away

VALID = timedelta(days=180)


@public
@require_safe
@never_cache
def healthz(request):
    """Alive: this process answers."""
    return JsonResponse({"status": "ok"})


@public
@require_safe
@never_cache
def readyz(request):
    """503 and the cause where something keeps the market from working; `?for=traffic`: from
    answering requests, which is what a load balancer wants to know.
    """
    traffic = request.GET.get("for") == "traffic"
    checks = health.look(timezone.now(), health.SERVING if traffic else ())
    status = health.verdict(checks)
    answer = {"status": status, "checks": checks}
    response = JsonResponse(answer, status=503 if status == "unready" else 200)
    response._has_been_logged = True  # who asks every second need not fill the log
    return response


@public
@require_safe
@never_cache
def metrics(request):
    """Figures for Prometheus, for whoever has METRICS_TOKEN; a demo shows them to everybody."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not (constant_time_compare(given, token) if token else settings.DEMO):
        raise Http404
    answer = health.metrics(timezone.now())
    return HttpResponse(answer, content_type="text/plain; version=0.0.4; charset=utf-8")


@public
@require_safe
def security_txt(request):
    """Where to report a hole (RFC 9116); it expires, so it is written anew each day."""
    expires = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) + VALID
    lines = [
        f"Contact: mailto:{settings.SECURITY_CONTACT}",
        f"Expires: {expires.isoformat().replace('+00:00', 'Z')}",
        "Preferred-Languages: en, nl",
        f"Canonical: {settings.SITE_URL}/.well-known/security.txt",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@public
@require_safe
def favicon(request):
    """What a browser asks for by itself on pages that name no icon, as the admin's."""
    return redirect(static("favicon.svg"))


CLOSED = (  # to search engines: what is one person's, or only counts who came
    "/accounts/", "/admin/", "/brand/", "/cart/", "/checkout/", "/creator/", "/go/", "/hooks/",
    "/mailbox/", "/media/", "/orders/", "/pay/", "/report/", "/start/", "/team/",
)  # fmt: skip


@public
@require_safe
def robots(request):
    """What search engines may read, and where the sitemap is. Pictures of products are open."""
    lines = ["User-agent: *", "Allow: /media/pictures/"]
    lines += [f"Disallow: {path}" for path in CLOSED]
    lines += ["", f"Sitemap: {settings.SITE_URL}{reverse('sitemaps')}", ""]
    response = HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
    patch_cache_control(response, public=True, max_age=3600)
    return response


@public
@require_safe
@cache_page(3600)
def sitemap_index(request, sitemaps):
    """Which files the sitemap has: one per section and ten thousand ids."""
    files = []
    for name, section in sitemaps.items():
        url = settings.SITE_URL + reverse("sitemap", args=[name])
        pages = section().paginator.num_pages
        files += [{"location": f"{url}?p={n}" if n > 1 else url} for n in range(1, pages + 1)]
    context, kind = {"sitemaps": files}, "application/xml"
    return render(request, "sitemap_index.xml", context, content_type=kind)


@public
@require_safe
@cache_page(3600)
def sitemap(request, sitemaps, section):
    """One file of the sitemap."""
    return sitemap_views.sitemap(request, sitemaps, section)


@signed_in
@require_safe
def start(request):
    """Lead a person who just signed in to the page of her role."""
    user = request.user
    if hasattr(user, "creator"):
        return redirect("affiliates:creator_dashboard")
    membership = user.memberships.select_related("brand").first()
    if membership:
        return redirect("affiliates:brand_dashboard", brand_slug=membership.brand.slug)
    if user.is_staff:
        return redirect("admin:index")
    return redirect("/")


@public
@require_safe
def picture(request, path):
    """A picture of a product: named after its content, so it may be kept for ever."""
    response = _file(request, path)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@staff("support")
@require_safe
@never_cache
def media(request, path):
    """Any other uploaded file (a brand's catalogue, a screenshot) is for the admin alone."""
    return _file(request, path)


def _file(request: HttpRequest, path: str) -> HttpResponseBase:
    """Answer with an uploaded file: never run, never guessed at by the browser."""
    response = serve(request, path, document_root=settings.MEDIA_ROOT)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _error(
    request: HttpRequest, status: int, template: str, text: str, said: str = ""
) -> HttpResponse:
    try:
        body = loader.get_template(template).render({"request": request, "said": said}, request)
    except (TemplateDoesNotExist, NoReverseMatch):
        body = f"<!doctype html><title>{text}</title><h1>{text}</h1>"
    return HttpResponse(body, status=status)


def bad_request(request, exception=None):
    return _error(request, 400, "400.html", "Bad request")


def forbidden(request, exception=None):
    said = getattr(exception, "said", "")
    return _error(request, 403, "403.html", "You may not see this page", said)


def csrf_failure(request, reason=""):
    return _error(request, 403, "403_csrf.html", "This form has expired. Go back and try again.")


def not_found(request, exception=None):
    return _error(request, 404, "404.html", "Page not found")


def server_error(request):
    """No database, no session: only a file, and the number under which we find the cause.

    A database that is away for a moment is no fault to tell of: 503, and when to come again.
    """
    if is_away(sys.exc_info()[1]):
        answer = HttpResponse(loader.get_template("503.html").render({"away": True}), status=503)
        answer["Retry-After"] = str(AGAIN_S)
        return answer
    try:
        number = getattr(request, "request_id", "")
        body = loader.get_template("500.html").render({"request_id": number})
    except TemplateDoesNotExist:
        body = (
            "<!doctype html><title>Error</title><h1>Something went wrong. It has been logged.</h1>"
        )
    return HttpResponse(body, status=500)
