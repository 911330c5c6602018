"""A creator's messages with brands."""

from django.contrib import messages as notes
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from affiliates import messages as domain
from affiliates import outreach, participations, reporting
from affiliates.forms.messages import MessageForm
from affiliates.forms.reports import ReportForm
from affiliates.models import Message, Thread
from config.lib import pages, ratelimit
from config.lib.http import client_language, page_number, render_page
from creators import reports
from creators.access import creator_required
from shop.models import Brand

PAGE = 50
per_hour = ratelimit.limited("messages", times=60, seconds=3_600)


@creator_required
@require_safe
def messages(request):
    page = pages.page(domain.of_creator(request.creator), page_number(request), PAGE)
    context = {"page": page, "nav_active": "market"}
    return render_page(request, "affiliates/messages.html", context)


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@per_hour
def thread(request, brand_slug: str):
    """Everything between her and one brand; a POST sends, blocks or unblocks, by `step`."""
    creator = request.creator
    brand = get_object_or_404(Brand.objects.exclude(status=Brand.Status.DRAFT), slug=brand_slug)
    done = step(request, brand, creator, from_brand=False)
    if done is None:
        return redirect("affiliates:thread", brand.slug)
    return show(request, brand, creator, done, from_brand=False)


def step(request, brand, creator, *, from_brand: bool):
    """Do what was pressed; return None when it is done, else the form to show (again)."""
    now, wanted = timezone.now(), request.POST.get("step")
    if request.method != "POST":
        return MessageForm()
    if wanted == "block":
        domain.block(brand, creator, by_brand=from_brand, at=now)
        return None
    if wanted == "unblock":
        domain.unblock(brand, creator, by_brand=from_brand)
        return None
    form = MessageForm(request.POST)
    if not form.is_valid():
        return form
    try:
        domain.send(
            brand, creator, form.cleaned_data["text"], by=request.user, from_brand=from_brand,
            at=now,
        )  # fmt: skip
    except domain.Blocked:
        form.add_error(None, _("This thread is blocked: nothing is sent."))
    except domain.WaitForAnswer:
        form.add_error(
            None,
            _("You sent %(n)d messages. Wait for an answer before you write again.")
            % {"n": domain.UNANSWERED},
        )
    except domain.TooMany:
        form.add_error(
            None,
            _("You wrote to %(n)d new brands in seven days. Go on next week.")
            % {"n": domain.NEW_A_WEEK},
        )
    except domain.NotReachable:
        form.add_error(None, _("Nobody can be written to here now."))
    except outreach.QuotaReached as full:
        form.add_error(None, quota_words(full))
    except ValueError:
        form.add_error("text", _("Write something first."))
    return form if form.errors else None


def quota_words(full) -> str:
    """Say that the week's strangers are used up, and what makes it more."""
    left = ngettext(
        "You may write to %(n)d more creator this week who does not know you yet.",
        "You may write to %(n)d more creators this week who do not know you yet.",
        full.left,
    ) % {"n": full.left}
    return f"{left} " + _("It becomes more with every answer, and less when creators block you.")


def show(request, brand, creator, form, *, from_brand: bool):
    """Answer with a thread's page; what was unread is read with it."""
    rows = domain.between(brand, creator)
    if any(row.read_at is None and row.from_brand != from_brand for row in rows):
        domain.read(brand, creator, by_brand=from_brand, at=timezone.now())
    row = Thread.objects.filter(brand=brand, creator=creator).first()
    if row is None and not domain.may_reach(brand, creator, from_brand):
        raise Http404("nobody to write to")
    mine = row and (row.blocked_by_brand_at if from_brand else row.blocked_by_creator_at)
    theirs = row and (row.blocked_by_creator_at if from_brand else row.blocked_by_brand_at)
    context = {
        "rows": rows,
        "form": form,
        "other": creator if from_brand else brand,
        "creator": creator,
        "brand": brand,
        "from_brand": from_brand,
        "blocked": mine,
        "blocked_by_them": theirs,
        "base": "base_brand.html" if from_brand else "base_creator.html",
        "nav_active": "discover" if from_brand else "market",
    }
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/thread.html", context, status=status)


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("report_message", times=10, seconds=3_600)
def report_message(request, brand_slug: str, pk: int):
    rows = Message.objects.select_related("brand", "creator__user")
    row = get_object_or_404(
        rows, pk=pk, creator=request.creator, brand__slug=brand_slug, from_brand=True
    )
    return report_of(request, reporting.of_message(row), [row.text], "base_creator.html", row)


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
@ratelimit.limited("report_message", times=10, seconds=3_600)
def report_offer(request, collaboration_id: int):
    """Report what a brand wrote in an offer that it shows her, or in its invitation."""
    offer = participations.shown_to(request.creator, collaboration_id, timezone.now())
    if offer is None:
        raise Http404("no such offer")
    hers = request.creator.participations.filter(collaboration=offer, asked_by_creator=False)
    said = [offer.name, *hers.values_list("message", flat=True), offer.message]
    return report_of(request, reporting.of_offer(offer), said, "base_creator.html")


def report_of(request, subject, said: list[str], base: str, row: Message | None = None):
    """Take one side's report about words of the other; it opens a case (EU DSA art. 16)."""
    form = ReportForm(request.POST or None, initial={"email": request.user.email})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        word = reports.Word(
            data["ground"], data["text"], subject.path, data["name"], data["email"],
            client_language(request),
        )  # fmt: skip
        made = reports.file(subject.key, word, timezone.now(), subject.creator)
        notes.success(request, _("Reported. You can block the sender too."))
        return redirect("affiliates:report_state", token=reports.token(made))
    words = [] if row and row.hidden_at else [text for text in said if text]
    context = {"form": form, "words": words, "subject": subject, "base": base}
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/report_message.html", context, status=status)
