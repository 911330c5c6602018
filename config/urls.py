"""Every address. Our apps give whole paths; affiliates comes first, its pages are the most specific."""

import importlib.util

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from affiliates import sitemaps as affiliates_sitemaps
from affiliates.api import docs
from config import accountdesk, contentpolicy, signedin, views, violations
from shop import sitemaps as shop_sitemaps

accountdesk.guard(admin.site)
admin.site.login = secure_admin_login(admin.site.login)
admin.site.site_header = admin.site.site_title = "Thousand"

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_error

OURS = [
    app for app in ("affiliates", "shop", "creators") if importlib.util.find_spec(f"{app}.urls")
]

SECTIONS = affiliates_sitemaps.SECTIONS | shop_sitemaps.SECTIONS

urlpatterns = [
    *(path("", include(f"{app}.urls")) for app in OURS),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("accounts/sessions/", signedin.sessions_page(), name="usersessions_list"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/docs", docs.page, name="api_docs"),
    path("api/v1/", include("affiliates.api.urls")),
    path("favicon.ico", views.favicon, name="favicon"),
    path("healthz", views.healthz, name="healthz"),
    path("metrics", views.metrics, name="metrics"),
    path("readyz", views.readyz, name="readyz"),
    re_path(
        r"^media/(?P<path>pictures/[0-9a-f]{2}/[0-9a-f]{40}-[ls]\.webp)$",
        views.picture,
        name="picture",
    ),
    path("media/<path:path>", views.media, name="media"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", views.sitemap_index, {"sitemaps": SECTIONS}, name="sitemaps"),
    path("sitemap-<slug:section>.xml", views.sitemap, {"sitemaps": SECTIONS}, name="sitemap"),
    path("start/", views.start, name="start"),
    path(contentpolicy.REPORTS.lstrip("/"), violations.reported, name="violations"),
]
if settings.DEMO:
    from config import mailbox

    urlpatterns += [
        path("mailbox/", mailbox.mailbox, name="mailbox"),
        path("mailbox/<str:name>/", mailbox.message, name="mailbox_message"),
    ]
