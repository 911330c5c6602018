"""The stand-ins that the redirect is compared with, as WSGI applications for granian.

`bare`: a 302 and nothing else. `trip`: the same with one trip to Redis that reads the link and
appends a click, without Django (BENCH_REDIS says where). `orm`: what Django's tutorial would do, get the link by the
ORM and INSERT the click, on one persistent connection per thread.
"""

import os
import uuid


def bare(environ, start_response):
    start_response("302 Found", [("Location", "http://localhost/shop/"), ("Content-Length", "0")])
    return [b""]


def _trip():
    from affiliates import resp

    server = resp.Server(os.environ["BENCH_REDIS"])

    def application(environ, start_response):
        code = environ["PATH_INFO"][4:].encode()
        entry = b"%b|%b" % (code, os.urandom(16).hex().encode())
        asked = resp.command(b"GET", b"l:" + code)
        asked += resp.command(b"XADD", b"bench", b"*", b"d", entry)
        raw, _id = server.ask(asked, 2)
        where = raw.decode().split("|", 4)[4] if raw else "http://localhost/shop/"
        start_response("302 Found", [("Location", where), ("Content-Length", "0")])
        return [b""]

    return application


def _orm():
    import django
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    settings.DATABASES["default"]["CONN_MAX_AGE"] = None
    return WSGIHandler()


def go(request, code):
    from django.http import HttpResponseRedirect
    from django.shortcuts import get_object_or_404
    from django.utils import timezone

    from affiliates.models import Click, Link

    link = get_object_or_404(Link, code=code, is_active=True)
    click = Click.objects.create(
        uid=uuid.uuid4(), link_id=link.pk, clicked_at=timezone.now(), visitor=os.urandom(16),
        referrer_host="tiktok.com", device="phone", seen_platform="tiktok", counted=True,
    )  # fmt: skip
    response = HttpResponseRedirect(link.destination)
    response.set_cookie("click", click.uid.hex, httponly=True, samesite="Lax")
    return response


def __getattr__(name):
    """Build what is asked for only then: the bare one must not load Django."""
    if name == "trip":
        return _trip()
    if name == "orm":
        return _orm()
    if name == "urlpatterns":
        from django.urls import path

        return [path("go/<str:code>", go)]
    raise AttributeError(name)
