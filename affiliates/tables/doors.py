"""Tables of keys to the API and of webhooks: brands and creators see the same of their own."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from affiliates import apitokens, deliveries
from affiliates.models import ApiToken, Delivery, Endpoint
from config.lib.http import whole
from config.lib.tables import Asked, Column, Nothing, Rows, Table, day


def _key_state(row: ApiToken) -> str:
    if row.revoked_at:
        return gettext("ended")
    if row.expires_at and row.expires_at <= timezone.now():
        return gettext("expired")
    return (
        gettext("opens nothing: its maker left")
        if row.brand_id and not row.is_owners
        else gettext("works")
    )


def _endpoint_state(row: Endpoint) -> str:
    if not row.is_kept:
        return gettext("hears nothing")
    if row.state == Endpoint.State.ON and row.failing_since:
        return gettext("does not answer")
    return str(row.get_state_display())


def _happened(row: Delivery) -> object:
    """Return when it was; a creator reads no hour of a shopper."""
    by_day = deliveries.is_by_day(row.endpoint, row.kind)
    return day(row.created_at) if by_day else row.created_at


def of(side: str) -> tuple[Table, Table, Table]:
    """Return the tables of a `brand` or a `creator`."""

    def keys(owner: Any, _asked: Asked) -> Rows:
        return ApiToken.objects.filter(**{side: owner}).with_maker()

    def hearing(owner: Any, _asked: Asked) -> Rows:
        return Endpoint.objects.filter(**{side: owner}).with_keeper().select_related("kept_by")

    def messages(owner: Any, asked: Asked) -> QuerySet[Delivery]:
        mine = Endpoint.objects.filter(**{side: owner})
        endpoint = mine.filter(pk=whole(asked.get("endpoint", "")) or 0).first()
        if endpoint is None:
            raise Nothing("no such webhook of this owner")
        rows = endpoint.deliveries.select_related("endpoint")
        state = asked.get("state", "")
        return rows.filter(state=state) if state in Delivery.State.values else rows

    is_brand = side == "brand"
    return (
        Table(
            name="api-keys",
            title=_("API keys"),
            page=f"affiliates:{side}_tokens",
            for_owners=True,
            rows=keys,
            columns=(
                Column(_("Key"), "name"),
                Column(_("Begins with"), "start"),
                Column(_("May"), lambda row: " · ".join(
                    gettext(apitokens.SCOPES[scope][0]) for scope in row.scopes)),
                *((Column(_("Made by"), "made_by.email"),) if is_brand else ()),
                Column(_("Made"), "created_at"),
                Column(_("Last used"), "last_used_at"),
                Column(_("Ends"), "expires_at"),
                Column(_("State"), _key_state),
            ),
        ),
        Table(
            name="webhooks",
            title=_("Webhooks"),
            page=f"affiliates:{side}_endpoints",
            rows=hearing,
            columns=(
                Column(_("Address"), "url"),
                Column(_("Hears"), lambda row: " · ".join(row.kinds)),
                *((Column(_("Kept by"), "kept_by.email"),) if is_brand else ()),
                Column(_("Last taken"), "last_ok_at"),
                Column(_("State"), _endpoint_state),
            ),
        ),
        Table(
            name="webhook-messages",
            title=_("Messages of a webhook"),
            page=f"affiliates:{side}_endpoints",
            params=("endpoint", "state"),
            rows=messages,
            columns=(
                Column(_("Message"), "kind"),
                Column(_("Number"), lambda row: str(row.uid)),
                Column(_("When"), _happened),
                Column(_("What became of it"), "get_state_display"),
                Column(_("Tries"), "tries"),
                Column("HTTP", "status"),
                Column(_("Why"), lambda row: gettext(deliveries.WHY[row.note]) if row.note else ""),
            ),
        ),
    )  # fmt: skip
