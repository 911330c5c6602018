"""The admin as its people use it: signed in with a second factor, acting on picked rows."""

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.affiliates.factories import make_user, sign_in


def make_desk(**facts) -> Client:
    """Return the browser of an admin who gave a second factor a moment ago."""
    client = Client()
    sign_in(client, make_user(is_staff=True, is_superuser=True, **facts))
    return client


def act(client: Client, model, action: str, rows, reason: str = "") -> HttpResponse:
    """Do an action on rows of a model's list, as its form sends it."""
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    ids = [row.pk for row in rows]
    return client.post(url, {"action": action, ACTION_CHECKBOX_NAME: ids, "reason": reason})
