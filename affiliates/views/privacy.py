"""One's own data: to take along, and to have erased."""

from tempfile import TemporaryFile

from django.contrib import messages
from django.contrib.auth import logout
from django.http import FileResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from affiliates import dossier, erasure
from affiliates.forms.privacy import CloseForm
from config.lib import ratelimit, stepup
from config.lib.access import signed_in
from config.lib.http import render_page

A_DAY, DAY_S = 5, 86_400


@signed_in
@require_safe
def data(request):
    return render_page(request, "affiliates/data.html", {})


@signed_in
@require_POST
@never_cache
def download(request):
    """All that we hold, as one ZIP; asked for by the person herself, and not too often."""
    if not stepup.is_confirmed(request):
        return stepup.ask(request, reverse("affiliates:data"))
    key = str(request.user.pk)
    if not ratelimit.allow("dossier", key, times=A_DAY, seconds=DAY_S, without_redis=True):
        return ratelimit.too_many(request, DAY_S)
    file = TemporaryFile()  # noqa: SIM115 (the response closes it)
    now = timezone.now()
    dossier.write(request.user, file, now)
    file.seek(0)
    name = f"thousand-{now:%Y-%m-%d}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@stepup.confirmed
def close(request):
    """Erase this person; what is in the way is said first."""
    words = {
        "staff": _("You are on our staff. Ask another admin to end that first."),
        "owner": _("You are the only owner of a brand. Make somebody else its owner first."),
        "owed": _(
            "We owe you money, or soon will. Fill in where to pay it and your tax facts first."
        ),
    }
    reasons = [words[code] for code in erasure.reasons_not_to(request.user)]
    typed = request.POST if request.method == "POST" else None
    form = CloseForm(typed) if not reasons else None
    if form is not None and form.is_valid():
        try:
            erasure.close(request.user, timezone.now())
        except erasure.NotClosable:  # something came in between: the page says what
            return redirect("affiliates:close")
        logout(request)
        messages.success(request, _("Your account is closed and your data is erased."))
        return redirect("creators:home")
    context = {"form": form, "reasons": reasons}
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "affiliates/close.html", context, status=status)
