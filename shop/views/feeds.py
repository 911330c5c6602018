"""A brand's catalogue files: upload, preview, import, and what was wrong in them."""

from datetime import timedelta
from functools import partial
from pathlib import Path

from django.contrib import messages
from django.core.cache import cache
from django.core.files import File
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import locks, money, ratelimit
from config.lib.http import render_page
from shop import pictures, tasks
from shop.access import brand_required
from shop.feeds import importer
from shop.forms.feeds import AddressForm, UploadForm
from shop.models import Feed, FeedRun
from shop.views.terms import terms_first

SMALL = 1024 * 1024  # bytes that are imported while the person waits
SHOWN = 200  # problems on the page; the download has all


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("imports", times=20, seconds=3_600)
def feeds(request):
    form = UploadForm(request.POST or None, request.FILES or None, brand=request.brand)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        run = importer.start(
            request.brand,
            name=data["feed"].name if data["feed"] else Path(data["file"].name).name,
            format=data["format"] or "auto",
            dry_run="preview" in request.POST,
            shrink=data["shrink"],
            started_by=request.user,
        )
        run.file.save(f"{run.pk}-{Path(data['file'].name).name[-60:]}", data["file"])
        return _start(request, run)
    runs = FeedRun.objects.filter(feed__brand=request.brand).select_related("feed")[:20]
    context = {"brand": request.brand, "form": form, "runs": runs}
    context["addresses"] = Feed.objects.filter(brand=request.brand).exclude(url="")
    return render_page(request, "shop/feeds.html", context, status=422 if form.errors else 200)


def _start(request, run):
    """Import a small file at once, a large one or an address in the worker; lead to the report."""
    if run.feed.language != (language := get_language() or "en"):
        run.feed.language = language
        run.feed.save(update_fields=["language"])
    if not (run.file and run.file.size <= SMALL and _imported(run)):
        run.state = FeedRun.State.WAITING
        run.save(update_fields=["state"])
        transaction.on_commit(partial(tasks.import_feed.delay, run.pk), robust=True)
    return redirect("shop:feed_run", brand_slug=request.brand.slug, run_id=run.pk)


def _imported(run):
    """Import a file while the person waits; say whether it was this one's turn."""
    try:
        importer.import_file(run, Path(run.file.path), at=timezone.now())
    except locks.Busy:
        return False
    transaction.on_commit(tasks.fetch_pictures.delay, robust=True)
    return True


def _run(request, run_id):
    rows = FeedRun.objects.select_related("feed__brand__category")
    return get_object_or_404(rows, feed__brand=request.brand, pk=run_id)


@brand_required
@require_safe
def feed_run(request, run_id):
    run = _run(request, run_id)
    rows_so_far, percent = cache.get(tasks.progress_key(run.pk)) or (0, None)
    context = {
        "brand": request.brand,
        "run": run,
        "busy": run.state in {FeedRun.State.WAITING, FeedRun.State.RUNNING},
        "rows_so_far": rows_so_far,
        "percent": percent,
        "examples": _examples(run),
        "problems": list(run.problems.all()[:SHOWN]),
        "taken": run.added + run.changed + run.unchanged,
    }
    if not context["busy"]:
        context |= _pictures(run)
    return render_page(request, "shop/feed_run.html", context)


def _examples(run):
    """Return (title, titles, how many more) of what came in, changed and went."""
    changed, language = [], get_language() or "en"
    for title, *prices in run.examples.get("changed", ()):
        if prices:
            before, after, currency = prices
            before = money.display(before, currency, language) if before else "–"
            title = f"{title}: {before} → {money.display(after, currency, language)}"
        changed.append(title)
    found = [
        (_("New"), run.examples.get("added", []), run.added),
        (_("Changed"), changed, run.changed),
        (_("Taken off"), run.examples.get("removed", []), run.removed),
    ]
    return [(name, titles, count - len(titles)) for name, titles, count in found if titles]


def _pictures(run):
    """Return how far the pictures of the run's catalogue are, and those that failed."""
    rows = pictures.of_feed(run.feed)
    failed = rows.failed().select_related("product").order_by("next_try_at", "id")[:SHOWN]
    failed = [(image, pictures.why(image.problem)) for image in failed]
    return {"picture_counts": pictures.counts(rows), "failed_pictures": failed}


@brand_required
@require_POST
def feed_pictures(request, run_id):
    """Ask again for the pictures that failed."""
    run = _run(request, run_id)
    n = pictures.retry(pictures.of_feed(run.feed), timezone.now())
    transaction.on_commit(tasks.fetch_pictures.delay, robust=True)
    message = ngettext("We ask for %(n)d picture again.", "We ask for %(n)d pictures again.", n)
    messages.success(request, message % {"n": n})
    return redirect("shop:feed_run", brand_slug=request.brand.slug, run_id=run.pk)


@brand_required
@require_POST
@terms_first
@ratelimit.limited("imports", times=20, seconds=3_600)
def feed_apply(request, run_id):
    """Import the file of a preview for real."""
    before = _run(request, run_id)
    run = importer.start(
        request.brand,
        name=before.feed.name,
        format=before.format or "auto",
        shrink="shrink" in request.POST,
        started_by=request.user,
    )
    if before.file:
        with before.file.open("rb") as file:
            run.file.save(f"{run.pk}-{Path(before.file.name).name[-60:]}", File(file))
    elif not before.feed.url:
        raise Http404("neither a file nor an address")
    return _start(request, run)


def _new_address(request):
    """Return a catalogue without an address: a new one, or the uploaded one of the typed name."""
    name = request.POST.get("name", "").strip()[:120].replace("\x00", "")
    uploaded = Feed.objects.filter(brand=request.brand, url="", name=name).first()
    return uploaded or Feed(brand=request.brand)


@brand_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("imports", times=20, seconds=3_600)
def feed_address(request, feed_id=None):
    """A catalogue behind an address: add it, change it, read it now, or read it no more."""
    rows = Feed.objects.filter(brand=request.brand).exclude(url="")
    feed = get_object_or_404(rows, pk=feed_id) if feed_id else _new_address(request)
    if request.method == "POST" and feed_id and "remove" in request.POST:
        Feed.objects.filter(pk=feed.pk).update(url="", every_hours=0, next_at=None)
        messages.success(request, _("We read this address no more. Its products stay."))
        return redirect("shop:feeds", brand_slug=request.brand.slug)
    form = AddressForm(request.POST or None, instance=feed)
    if request.method == "POST" and form.is_valid():
        feed = form.save(commit=False)
        feed.language = get_language() or "en"
        hours = timedelta(hours=feed.every_hours)
        feed.next_at = timezone.now() + hours if feed.every_hours else None
        feed.failures, feed.told_at = 0, None
        feed.save()
        if "save" in request.POST:
            messages.success(request, _("Saved."))
            return redirect("shop:feeds", brand_slug=request.brand.slug)
        look = "preview" in request.POST
        run = importer.start(
            request.brand, name=feed.name, format=feed.format, dry_run=look, started_by=request.user
        )
        return _start(request, run)
    context = {"brand": request.brand, "form": form, "feed": feed, "feed_id": feed_id}
    return render_page(
        request, "shop/feed_address.html", context, status=422 if form.errors else 200
    )
