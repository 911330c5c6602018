"""Names of models and fields, in the language of whoever reads them (in the admin).

A name that a model leaves to Django (`paid_at` becomes "paid at") is marked here for translation,
once for all of them. What migrations compare stays as it was: they look at the arguments.
Help texts are notes to developers and stay English.
"""

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Field, Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, override

OURS = ("creators", "shop", "affiliates")
_said: dict[str, set[str]] = {}  # English -> labels of the models that say it


def words() -> dict[str, set[str]]:
    """Return each name that is translated here, with the models that it stands at."""
    return _said


def mark() -> None:
    """Make the names of our models and fields translatable; once, when all models are there."""
    for model in _models():
        with override(None):
            single, plural = str(model._meta.verbose_name), str(model._meta.verbose_name_plural)
        model._meta.verbose_name = _lazy(single, model)
        model._meta.verbose_name_plural = _lazy(plural, model)
        for field in model._meta.get_fields():
            if isinstance(field, Field) and field.model is model:
                field.verbose_name = _lazy(field.verbose_name, model)


def _models() -> Iterator[type[Model]]:
    for label in OURS:
        yield from apps.get_app_config(label).get_models()


def _lazy(text: str | Promise, model: type[Model]) -> str | Promise:
    if isinstance(text, Promise) or not text:
        return text
    _said.setdefault(text, set()).add(model._meta.label)
    return gettext_lazy(text)
