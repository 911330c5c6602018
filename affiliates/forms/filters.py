"""Which filters of a search are on, for a page that found nothing."""

from collections.abc import Collection

from django import forms


def in_words(form: forms.Form, *, leave_out: Collection[str] = ()) -> list[str]:
    """Return "label: value" of each valid field that narrows a search; a ticked box is its label."""
    found = []
    for name, value in getattr(form, "cleaned_data", {}).items():
        if name in leave_out or value in (None, "", False, []):
            continue
        field = form.fields[name]
        words = dict(getattr(field, "choices", []))
        if isinstance(value, list):
            shown = ", ".join(str(words[one]) for one in value)
        else:
            shown = words.get(str(value), form[name].value())
        found.append(str(field.label) if value is True else f"{field.label}: {shown}")
    return found
