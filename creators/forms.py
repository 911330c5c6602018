"""What visitors and creators type, turned into what the domain speaks."""

import re
from datetime import date

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from config.lib import images
from creators import enrolment, policy, profiles, rulebook
from creators.models import Creator, Niche, Platform
from creators.profiles import About

MOST_FOLLOWERS = 2_000_000_000
COUNTRY_NAMES = {
    "AT": _("Austria"), "BE": _("Belgium"), "BG": _("Bulgaria"), "CH": _("Switzerland"),
    "CY": _("Cyprus"), "CZ": _("Czechia"), "DE": _("Germany"), "DK": _("Denmark"),
    "EE": _("Estonia"), "ES": _("Spain"), "FI": _("Finland"), "FR": _("France"),
    "GB": _("United Kingdom"), "GR": _("Greece"), "HR": _("Croatia"), "HU": _("Hungary"),
    "IE": _("Ireland"), "IS": _("Iceland"), "IT": _("Italy"), "LI": _("Liechtenstein"),
    "LT": _("Lithuania"), "LU": _("Luxembourg"), "LV": _("Latvia"), "MT": _("Malta"),
    "NL": _("Netherlands"), "NO": _("Norway"), "PL": _("Poland"), "PT": _("Portugal"),
    "RO": _("Romania"), "SE": _("Sweden"), "SI": _("Slovenia"), "SK": _("Slovakia"),
}  # fmt: skip
MOST_USED = ("nl", "en", "de", "fr", "es", "it", "pl", "pt")
THOUSANDS = re.compile(r"^\d{1,3}(?:[., \u00a0\u202f']\d{3})+$")
SHORT = re.compile(r"^(\d{1,4})(?:[.,](\d))?\s*([km])$", re.IGNORECASE)


def country_choices() -> list[tuple[str, str]]:
    """Every country that creators join from, the Netherlands first, then by name."""
    rest = [(code, str(COUNTRY_NAMES[code])) for code in profiles.COUNTRIES if code != "NL"]
    return [("NL", str(COUNTRY_NAMES["NL"])), *sorted(rest, key=lambda pair: pair[1])]


def language_choices() -> list[tuple[str, str]]:
    """Every language that creators post in, the most used first."""
    codes = [*MOST_USED, *(code for code in profiles.LANGUAGES if code not in MOST_USED)]
    return [(code, get_language_info(code)["name_local"].capitalize()) for code in codes]


def parse_count(text: str) -> int:
    """Read a rough number as people write it: 1240, 1,240, 1 240, 1.2k. Raises ValueError."""
    text = text.strip()
    if short := SHORT.match(text):
        whole, tenth, unit = short.groups()
        scale = 1_000 if unit.lower() == "k" else 1_000_000
        return int(whole) * scale + int(tenth or 0) * scale // 10
    if THOUSANDS.match(text):
        text = re.sub(r"\D", "", text)
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise ValueError(text)
    return int(text)


class CheckForm(forms.Form):
    """The question on the landing page: which platform, how many followers."""

    platform = forms.ChoiceField(
        label=_("Your biggest channel"), choices=Platform.choices, widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a platform."), "invalid_choice": _("Choose one of these."),
        },
    )  # fmt: skip
    followers = forms.CharField(
        label=_("Followers on that channel"), max_length=20,
        help_text=_("A rough number is fine. We verify it later."),
        error_messages={"required": _("Type how many followers you have, for example 1240.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip

    def clean_followers(self) -> int:
        try:
            count = parse_count(self.cleaned_data["followers"])
        except ValueError as error:
            message = _("Type a whole number, for example 1240.")
            raise forms.ValidationError(message) from error
        if count > MOST_FOLLOWERS:
            raise forms.ValidationError(
                _("That is more than any channel has. Type your own number.")
            )
        return count


class ProfileForm(forms.Form):
    """Who a creator is, as others see her."""

    display_name = forms.CharField(
        label=_("Name on your page"), min_length=2, max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Type the name that people know you by.")},
    )  # fmt: skip
    handle = forms.CharField(
        label=_("Handle"), min_length=2, max_length=30,
        help_text=_("Your page will be at /@handle/. Letters a–z, numbers, dots and underscores."),
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={"required": _("Choose a handle.")},
    )  # fmt: skip
    bio = forms.CharField(
        label=_("About you"), max_length=300, required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What do you make, and for whom? Brands read this."),
    )  # fmt: skip
    country = forms.ChoiceField(label=_("Country that you live in"), choices=country_choices)
    languages = forms.MultipleChoiceField(
        label=_("Languages that you post in"), choices=language_choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one language.")},
    )  # fmt: skip
    niches = forms.ModelMultipleChoiceField(
        label=_("What you post about"), queryset=Niche.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one subject.")},
        help_text=_("Choose up to five."),
    )  # fmt: skip

    taken_message = _("This handle is taken. Choose another one.")

    def __init__(self, *args, creator: Creator | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.creator = creator
        self.fields["niches"].queryset = Niche.objects.all()

    def clean_display_name(self) -> str:
        name = " ".join(self.cleaned_data["display_name"].split())
        if not name.isprintable():
            raise forms.ValidationError(_("Leave out characters that cannot be seen."))
        return name

    def clean_handle(self) -> str:
        handle = self.cleaned_data["handle"].strip().lstrip("@").lower()
        if not re.fullmatch(r"[a-z0-9_.]{2,30}", handle):
            raise forms.ValidationError(_("Use letters a–z, numbers, dots and underscores only."))
        if not profiles.is_free(handle, self.creator):
            raise forms.ValidationError(self.taken_message)
        return handle

    def clean_niches(self):
        niches = self.cleaned_data["niches"]
        if len(niches) > 5:
            raise forms.ValidationError(_("Choose five subjects or fewer."))
        return niches

    def about(self) -> About:
        """The cleaned answers as the domain speaks them."""
        data = self.cleaned_data
        return About(
            handle=data["handle"],
            display_name=data["display_name"],
            country=data["country"],
            languages=data["languages"],
            niches=list(data["niches"]),
            birth_on=data.get("birth_on"),
            bio=data["bio"],
        )


def initial_of(creator: Creator) -> dict[str, object]:
    """What the form shows of a creator who came back."""
    return {
        "display_name": creator.display_name,
        "handle": creator.handle,
        "bio": creator.bio,
        "country": creator.country,
        "languages": creator.languages,
        "niches": creator.niches.all(),
        "birth_on": creator.birth_on,
    }


class AboutForm(ProfileForm):
    """Step 1 of joining: the profile and the date of birth. Nothing is kept of a minor."""

    birth_on = forms.DateField(
        label=_("Date of birth"),
        help_text=_("You need to be 18 or older. Nobody else sees this."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autocomplete": "bday"}),
        error_messages={
            "required": _("Type your date of birth."),
            "invalid": _("Type your date of birth as year-month-day, for example 1999-12-31."),
        },
    )
    field_order = ["display_name", "handle", "birth_on", "country", "languages", "niches", "bio"]

    def __init__(self, *args, creator: Creator | None = None, **kwargs) -> None:
        super().__init__(*args, creator=creator, **kwargs)
        if creator is not None and creator.birth_on:
            del self.fields["birth_on"]

    def clean_birth_on(self) -> date:
        born = self.cleaned_data["birth_on"]
        today = enrolment.market_day(timezone.now())
        if born >= today or born.year < 1900:
            raise forms.ValidationError(_("Check the year."))
        needed = policy.in_force(rulebook.rules(timezone.now()), "", "", timezone.now()).min_age
        if policy.age_on(born, today) < needed:
            day = date_format(policy.birthday(born, needed), "j F Y")
            raise forms.ValidationError(
                _("You can join from %(age)s, on %(day)s. We have not kept what you typed.")
                % {"age": needed, "day": day}
            )
        return born


class ManualCheckForm(forms.Form):
    """Ask for a check by hand of one channel."""

    screenshot = forms.FileField(
        label=_("Screenshot of your statistics"), required=False,
        help_text=_(
            "Optional: shows us your count. Only those of us who decide see it; "
            "we delete it 30 days after the answer."
        ),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )  # fmt: skip

    handle = forms.CharField(
        label=_("Handle on the platform"), min_length=2, max_length=60,
        error_messages={"required": _("Type your handle on the platform.")},
    )  # fmt: skip

    def clean_handle(self) -> str:
        handle = self.cleaned_data["handle"].strip().lstrip("@")
        if not re.fullmatch(r"[\w.\-]{2,60}", handle):
            raise forms.ValidationError(
                _("Type the handle as it stands in the address of your page.")
            )
        return handle

    def clean_screenshot(self) -> bytes:
        return read_picture(self.cleaned_data["screenshot"])

    field_order = ["handle", "screenshot"]


class DisputeForm(forms.Form):
    """Why a channel that another account has verified is hers."""

    text = forms.CharField(
        label=_("Why is this channel yours?"), max_length=2_000,
        help_text=_("The other side reads this. Leave out what they should not know."),
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Say in a few words why it is yours.")},
    )  # fmt: skip


class ScreenshotForm(forms.Form):
    """A screenshot for a check that waits."""

    screenshot = forms.FileField(
        label=_("Screenshot of your statistics"),
        error_messages={"required": _("Choose a picture.")},
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )  # fmt: skip

    def clean_screenshot(self) -> bytes:
        return read_picture(self.cleaned_data["screenshot"])


def read_picture(file: UploadedFile | None) -> bytes:
    """Return the bytes of an upload that can be made a picture of; b"" if there is none."""
    if file is None:
        return b""
    if file.size > images.MAX_BYTES:
        raise forms.ValidationError(_("Choose a picture of at most 10 MB."))
    raw = file.read()
    try:
        images.encode(raw)
    except images.NotAPicture as error:
        raise forms.ValidationError(_("Choose a JPEG, PNG or WebP picture.")) from error
    return raw


class SettingsForm(ProfileForm):
    """A creator's own page settings, and the language of the site."""

    site_language = forms.ChoiceField(label=_("Language of this site"), choices=settings.LANGUAGES)
    field_order = [
        "display_name",
        "handle",
        "bio",
        "country",
        "languages",
        "niches",
        "site_language",
    ]
