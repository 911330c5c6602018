"""What every view says and asks in HTTP."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from config.lib import local


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, object] | None = None,
    *,
    partial: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return the page `app/page.html`; for htmx, its partial `app/_page.html` if there is one.

    `partial` names another one. A boosted link gets the whole page.
    """
    htmx = getattr(request, "htmx", None)
    if htmx and not htmx.boosted and not htmx.history_restore_request:
        folder, _, name = template.rpartition("/")
        fragment = partial or f"{folder}/_{name}"
        try:
            get_template(fragment)
            template = fragment
        except TemplateDoesNotExist:
            if partial:
                raise
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def client_address(environ: Mapping[str, str]) -> str:
    """Return the client's address: the peer's, or what the trusted proxies say."""
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    chain = environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if proxies else []
    if len(chain) >= proxies > 0:
        return chain[-proxies].strip()
    return environ.get("REMOTE_ADDR", "")


def client_network(environ: Mapping[str, str]) -> str:
    """Return whose uses are counted together: an address, of IPv6 the /64 that one household has."""
    address = client_address(environ)
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if known.version == 4 or known.ipv4_mapped:
        return address
    return str(ip_network((known, 64), strict=False))


def safe_next(request: HttpRequest, default: str = "/") -> str:
    """Return the `next` of the form or query if it stays on this host, else `default`."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    secure = request.is_secure()
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=secure):
        return target
    return default


def client_language(request: HttpRequest) -> str:
    """Return the language of this page as a plain code: `en`, `nl`."""
    return local.code()


def path_of(url: str) -> str:
    """Return path and query of an address of ours."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def whole(text: str, digits: int = 18) -> int | None:
    """Return the whole number that a query or form spells, None for anything else."""
    plain = text.isascii() and text.isdigit() and len(text) <= digits
    return int(text) if plain else None


def page_number(request: HttpRequest) -> int:
    """Return the page that the address asks for: 1 unless it says a number that makes sense."""
    return max(1, whole(request.GET.get("page", ""), 4) or 1)
