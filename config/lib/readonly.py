"""What the admin of every app shares: rows that are looked at, never changed by hand."""

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from config.lib import deskfiles


class ReasonForm(ActionForm):
    """The list of actions, with the reason that each act on money needs."""

    reason = forms.CharField(label=gettext_lazy("reason"), max_length=300, required=False)


class ReadOnly(deskfiles.TakesAlong, admin.ModelAdmin):
    """Rows that only the market's own functions write; a list of them can be taken along."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False


class Editable(deskfiles.TakesAlong, admin.ModelAdmin):
    """Rows that an admin may change by hand; a list of them can be taken along."""


class ReadOnlyRows(admin.TabularInline):
    """Rows of another row, to read."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False
