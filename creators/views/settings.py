"""A creator's own settings: her profile and the language of the site."""

from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from config.lib.access import public
from config.lib.http import client_language, render_page
from creators import profiles
from creators.access import creator_of, creator_required
from creators.forms import SettingsForm, initial_of


@public
@require_POST
def language(request):
    """The switch in the footer: the same page in another language; a creator's mail follows."""
    if request.user.is_authenticated and (creator := creator_of(request)):
        profiles.remember_language(creator, request.POST.get("language", ""))
    return set_language(request)


@creator_required
@require_http_methods(["GET", "HEAD", "POST"])
def creator_settings(request):
    creator = request.creator
    initial = {**initial_of(creator), "site_language": client_language(request)}
    form = SettingsForm(request.POST or None, creator=creator, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            profiles.save(request.user, form.about(), creator)
        except profiles.HandleTaken:
            form.add_error("handle", form.taken_message)
        else:
            language = form.cleaned_data["site_language"]
            profiles.remember_language(creator, language)
            with translation.override(language):
                messages.success(request, _("Saved."))
            answer = redirect("creators:settings")
            answer.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                language,
                max_age=settings.LANGUAGE_COOKIE_AGE or 365 * 24 * 3600,
                httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
                samesite=settings.LANGUAGE_COOKIE_SAMESITE,
                secure=settings.LANGUAGE_COOKIE_SECURE,
            )
            return answer
    status = 422 if form.errors else 200
    return render_page(request, "creators/settings.html", {"form": form}, status=status)
