"""Form fields as our pages show them: label, help, error, control, in this order."""

from typing import Any

from django.forms import BaseForm, BoundField, widgets
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.components import accounts

CHOICES = (widgets.RadioSelect, widgets.CheckboxSelectMultiple)


def _kind(field: BoundField) -> str:
    widget = field.field.widget
    if field.is_hidden:
        return "hidden"
    if isinstance(widget, CHOICES):
        return "choices"
    if isinstance(widget, widgets.CheckboxInput):
        return "tick"
    if isinstance(widget, widgets.MultiWidget | widgets.SelectDateWidget):
        return "several"
    return "plain"


def _control(field: BoundField, kind: str, described: str) -> SafeString:
    """Return the field's widget with our class and what describes it."""
    select = isinstance(field.field.widget, widgets.Select) and kind == "plain"
    own = field.field.widget.attrs.get("class", "")
    attrs: dict[str, Any] = {"aria-describedby": described or None}
    theirs = accounts.is_theirs(field.form)
    if kind == "plain":
        attrs["class"] = f"{'sel' if select else 'in'} {own}".strip()
    if field.errors:
        attrs["aria-invalid"] = "true"
    attrs = {key: value for key, value in attrs.items() if value}
    return field.as_widget(attrs=attrs | {"placeholder": False} if theirs else attrs)


def _parts(field: BoundField, described: str) -> list[dict[str, Any]]:
    """Return the controls of a date in three selects, each with its word."""
    widget = field.field.widget
    attrs = {"class": "sel", "aria-describedby": described, "id": field.auto_id}
    if field.errors:
        attrs["aria-invalid"] = "true"
    words = {"day": _("Day"), "month": _("Month"), "year": _("Year")}
    render = field.form.renderer.render
    context = widget.get_context(field.html_name, field.value(), attrs)["widget"]
    return [
        {
            "id": part["attrs"]["id"],
            "label": words.get(part["name"].rsplit("_", 1)[-1], part["name"]),
            "control": SafeString(render(part["template_name"], {"widget": part})),
        }
        for part in context["subwidgets"]
    ]


def _choices(field: BoundField, few: int) -> tuple[list[Any], list[Any]]:
    """Return the choices to show at once (the first `few`, and what is chosen) and the rest."""
    choices = list(field)
    if not few:
        return choices, []
    shown = [one for n, one in enumerate(choices) if n < few or one.data["selected"]]
    return shown, [one for one in choices if one not in shown]


def field(bound: BoundField, label: str = "", hint: str = "", style: str = "", before: str = "",
          optional: bool | None = None, few: int = 0) -> SafeString:  # fmt: skip
    """Return one field. `style` is ticks, chips or picks for choices; `before` a sign like €.

    `few`: of a long list of choices the first ones are shown, the others behind "More".
    """
    kind = _kind(bound)
    if accounts.is_theirs(bound.form):
        own_label, own_hint = accounts.words(bound.form, bound.name)
        label, hint = label or own_label, hint or own_hint
    hint = hint or str(bound.help_text or "")
    ids = [f"{bound.auto_id}-hint"] if hint else []
    ids += [f"{bound.auto_id}-error"] if bound.errors else []
    described = " ".join(ids)
    choices, more = _choices(bound, few) if kind == "choices" else ([], [])
    return render_to_string(
        "components/field.html",
        {
            "field": bound,
            "kind": kind,
            "label": label or bound.label,
            "hint": hint,
            "described": described,
            "control": _control(bound, kind, described)
            if kind not in ("choices", "several")
            else "",
            "parts": _parts(bound, described) if kind == "several" else [],
            "choices": choices,
            "more": more,
            "style": style or "ticks",
            "multiple": isinstance(bound.field.widget, widgets.CheckboxSelectMultiple),
            "before": before,
            "optional": (not bound.field.required) if optional is None else optional,
        },
    )


def form_fields(form: BaseForm) -> SafeString:
    """Return every field of `form`, hidden ones last."""
    parts = [field(bound) for bound in form.visible_fields()]
    parts += [bound.as_widget() for bound in form.hidden_fields()]
    return SafeString("\n".join(parts))  # each part is escaped where it is made


def error_summary(*forms: BaseForm) -> dict[str, Any]:
    """Return what the summary above a form lists: each error, with a link to its field."""
    errors: list[dict[str, str]] = []
    for form in forms:
        if not form or not form.is_bound or not form.errors:
            continue
        for name, messages in form.errors.items():
            target = ""
            if name in form.fields and not form[name].is_hidden:
                target = form[name].id_for_label or form[name].auto_id
            errors += [{"target": target, "text": str(message)} for message in messages]
    return {"errors": errors}
