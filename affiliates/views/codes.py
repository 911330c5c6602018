"""Where a creator chooses the code that shoppers type at checkout."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from affiliates import codes as domain
from affiliates.forms.codes import CodeForm
from config.lib.http import render_page
from creators.access import creator_required


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
def code(request):
    creator = request.creator
    if "off" in request.POST:
        domain.switch_off(creator)
        messages.success(request, _("Your code is off. What was ordered with it stays yours."))
        return redirect("affiliates:code")
    current = domain.current(creator)
    start = {"code": current.code if current else domain.suggested(creator)}
    form = CodeForm(request.POST or None, initial=start)
    if form.is_valid() and _chosen(creator, form):
        messages.success(request, _("Your code works from now on."))
        return redirect("affiliates:code")
    context = {"form": form, "code": current, "nav_active": "links"}
    status = 422 if form.errors else 200
    return render_page(request, "affiliates/code.html", context, status=status)


def _chosen(creator, form) -> bool:
    """Give her the code, or say at the field why not."""
    try:
        domain.choose(creator, form.cleaned_data["code"])
    except domain.BadCode:
        form.add_error("code", _("Use 4 to 24 letters and digits, without accents."))
    except domain.CodeTaken:
        form.add_error("code", _("Somebody else has this code. Add a digit or choose another."))
    except domain.NotEnrolled:
        form.add_error(None, _("You can choose a code once you are in. See your decision."))
    return not form.errors
