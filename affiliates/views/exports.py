"""Tables to take along: at once, or asked for, watched and fetched."""

from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import exports as domain
from affiliates import tasks
from affiliates.forms.tables import OF_BRANDS
from affiliates.models import Export
from config.lib import ratelimit, sheets, tables
from config.lib.access import signed_in
from config.lib.http import render_page
from config.lib.privatefiles import private_files
from creators.access import creator_required
from shop.access import brand_required
from shop.models import Brand

METHODS = ["GET", "HEAD", "POST"]
A_DAY, DAY_S = 30, 86_400  # large ones of one person


@creator_required
@require_http_methods(METHODS)
@never_cache
@ratelimit.exports
def creator_table(request, name: str, kind: str, **fixed: str):
    return _table(request, request.creator, name, kind, fixed)


@brand_required
@require_http_methods(METHODS)
@never_cache
@ratelimit.exports
def brand_table(request, name: str, kind: str, **fixed: str):
    return _table(request, request.brand, name, kind, fixed)


def _table(request, owner, name: str, kind: str, fixed: dict[str, object]):
    """Hand out a small table; ask before a large one is made (GET), and have it made (POST)."""
    if kind not in sheets.KINDS:
        raise Http404("no such kind of file")
    try:
        table = _table_of(request, owner, name)
        query = (request.POST if request.method == "POST" else request.GET).copy()
        for key, value in fixed.items():
            query[key] = str(value)
        asked = table.asked(query)
        found = table.rows(owner, asked)
        count = tables.size(found, domain.AT_ONCE)
    except tables.Nothing as error:
        raise Http404(str(error)) from error
    except tables.Wrong as error:
        messages.error(request, str(error))
        return redirect(_page(owner, table))
    if count <= domain.AT_ONCE:
        file = domain.name_of(owner, table, kind, timezone.now())
        return sheets.download(kind, domain.rows(table, owner, found), file)
    if request.method == "POST":
        return _begin(request, owner, table, asked, kind)
    context = {"table": table, "kind": kind, "asked": asked, "back": _page(owner, table)}
    context |= {"at_once": domain.AT_ONCE, "base": _base(owner)}
    return render_page(request, "affiliates/export_ask.html", context)


def _table_of(request, owner, name: str) -> tables.Table:
    """Return a table that whoever asks sees: a brand's keys are its owners' alone."""
    chosen = OF_BRANDS.get(name) if isinstance(owner, Brand) else None
    table = chosen or domain.table_of(owner, name)
    if table.for_owners and isinstance(owner, Brand) and not request.membership.is_owner:
        raise tables.Nothing("only an owner sees it")
    return table


def _base(owner) -> str:
    return "base_brand.html" if isinstance(owner, Brand) else "base_creator.html"


def _page(owner, table) -> str:
    return reverse(table.page, args=[owner.slug] if isinstance(owner, Brand) else [])


def _begin(request, owner, table, asked: dict[str, str], kind: str):
    who = str(request.user.pk)
    if not ratelimit.allow("export-large", who, times=A_DAY, seconds=DAY_S, without_redis=True):
        return ratelimit.too_many(request, DAY_S)
    try:
        row = domain.begin(request.user, owner, table, asked, kind, timezone.now())
    except domain.TooMany:
        messages.error(request, _("You wait for three files already. Let one of them finish."))
        return redirect(_page(owner, table))
    except domain.TooLarge as error:
        said = _("This is more than %(n)d rows. Choose less of it, or CSV.")
        messages.error(request, said % {"n": error.most})
        return redirect(_page(owner, table))
    transaction.on_commit(partial(tasks.make_export.delay, row.pk), robust=True)
    if isinstance(owner, Brand):
        return redirect("affiliates:brand_export", owner.slug, row.pk)
    return redirect("affiliates:creator_export", row.pk)


# ------------------------------------------------------------ while it is made


@creator_required
@require_safe
@never_cache
def creator_export(request, pk: int):
    rows = Export.objects.filter(user=request.user, creator=request.creator)
    return _progress(request, get_object_or_404(rows, pk=pk), request.creator)


@brand_required
@require_safe
@never_cache
def brand_export(request, pk: int):
    rows = Export.objects.filter(user=request.user, brand=request.brand)
    return _progress(request, get_object_or_404(rows, pk=pk), request.brand)


def _progress(request, row: Export, owner):
    table = domain.table_of(owner, row.table)
    context = {
        "row": row,
        "table": table,
        "back": _page(owner, table),
        "base": _base(owner),
        "token": domain.token(row) if row.state == Export.State.DONE else "",
    }
    return render_page(request, "affiliates/export.html", context)


@signed_in
@require_safe
@never_cache
@ratelimit.exports
def export_file(request, token: str):
    """The file itself, for whoever asked for it and nobody else."""
    row = domain.opened(token, request.user)
    if row is None or not private_files().exists(row.file):
        raise Http404("no such file of hers")
    owner = domain.owner_of(row)
    name = domain.name_of(owner, domain.table_of(owner, row.table), row.kind, row.done_at)
    return FileResponse(
        private_files().open(row.file), as_attachment=True, filename=name,
        content_type=sheets.KINDS[row.kind],
    )  # fmt: skip
