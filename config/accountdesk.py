"""Accounts in the admin: looked at, and switched off. Nobody takes one over from there.

Two admins must be two people. So no page shows a session's key, a second factor's secret or a
password; addresses and passwords change through the person's own mailbox only; and who is staff
is said on the server (`manage.py staff`).
"""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest

from config.lib.readonly import Editable, ReadOnly


def is_staff(user: User) -> bool:
    return user.is_staff or user.is_superuser


class UserAdmin(Editable):
    """A person's account; `is_active` alone can be changed, and not that of staff."""

    list_display = ["username", "email", "is_active", "is_staff", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups"]
    search_fields = ["username", "email", "first_name", "last_name"]
    readonly_fields = [
        "username", "email", "is_staff", "is_superuser", "groups", "last_login", "date_joined"
    ]  # fmt: skip
    fields = ["username", "email", "is_active", *readonly_fields[2:]]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        theirs = obj is not None and is_staff(obj)
        return not theirs and super().has_change_permission(request, obj)


class GroupAdmin(ReadOnly):
    list_display = ["name"]
    fields = ["name", "permissions"]


class AddressAdmin(ReadOnly):
    list_display = ["email", "user", "primary", "verified"]
    list_filter = ["primary", "verified"]
    list_select_related = ["user"]
    search_fields = ["email", "user__username"]


class SecondFactorAdmin(ReadOnly):
    """Taken away for somebody who lost hers; that of staff only on the server."""

    list_display = fields = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__email"]

    def has_delete_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        theirs = obj is not None and is_staff(obj.user)
        may = request.user.has_perm("mfa.delete_authenticator")
        return may and not theirs

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        """Take it away, and sign her out wherever somebody got in with it."""
        obj.delete()
        for session in UserSession.objects.filter(user=obj.user_id):
            session.end()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for factor in queryset:
            if self.has_delete_permission(request, factor):
                self.delete_model(request, factor)


class SessionAdmin(ReadOnly):
    """Where somebody is signed in; deleting a row signs her out there, at once."""

    list_display = fields = ["user", "ip", "user_agent", "created_at", "last_seen_at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "ip"]

    def has_delete_permission(self, request: HttpRequest, obj: UserSession | None = None) -> bool:
        return request.user.has_perm("usersessions.delete_usersession")

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        obj.end()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for session in queryset:
            session.end()


DESKS = {
    User: UserAdmin,
    Group: GroupAdmin,
    EmailAddress: AddressAdmin,
    Authenticator: SecondFactorAdmin,
    UserSession: SessionAdmin,
}


def guard(site: admin.AdminSite) -> None:
    """Put these in the place of what the packages registered; of social accounts we keep none."""
    for model in (*DESKS, SocialAccount, SocialApp, SocialToken):
        if site.is_registered(model):
            site.unregister(model)
    for model, desk in DESKS.items():
        site.register(model, desk)
