"""What the market's desks share: money is looked at, and moved by named acts with a reason."""

from collections.abc import Callable
from functools import wraps

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import money, stepup
from config.lib.access import FINANCE
from config.lib.readonly import ReadOnly, ReasonForm


def second_factor(step: Callable) -> Callable:
    """Let a method of a desk go on only with a second factor that was given a moment ago."""

    @wraps(step)
    def wrapper(self, request: HttpRequest, *args: object, **kwargs: object):
        if not stepup.is_confirmed(request, second_factor=True):
            return stepup.ask(request, request.get_full_path())
        return step(self, request, *args, **kwargs)

    return wrapper


class Desk(ReadOnly):
    """Rows that only the market's own functions write, acted on with a reason."""

    action_form = ReasonForm

    def has_finance_permission(self, request: HttpRequest) -> bool:
        """Say whether this admin may act on money."""
        user = request.user
        return user.is_superuser or user.groups.filter(name=FINANCE).exists()

    def reason(self, request: HttpRequest) -> str:
        """Return the reason typed beside the action; without one, say so and return nothing."""
        reason = request.POST.get("reason", "").strip()
        if not reason:
            self.message_user(request, _("Type the reason beside the action."), messages.ERROR)
        return reason

    def without_own(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Leave out what belongs to the admin herself; say so."""
        own = queryset.filter(creator__user=request.user)
        if own.exists():
            said = _("What is your own stays as it is: another admin decides it.")
            self.message_user(request, said, messages.ERROR)
        return queryset.exclude(creator__user=request.user)

    def note(self, request: HttpRequest, rows, text: str) -> None:
        """Write on each row's history who did what and why."""
        for row in rows:
            self.log_change(request, row, text)


@admin.display(description=gettext_lazy("amount"), ordering="amount")
def amount(row) -> str:
    """Show `row.amount` in its currency."""
    return money.display(row.amount, row.currency)
