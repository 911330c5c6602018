"""Months that are over for good."""

from django.contrib import admin

from affiliates.admin.base import Desk
from affiliates.models import ClosedMonth


@admin.register(ClosedMonth)
class ClosedMonthAdmin(Desk):
    list_display = ["month", "until", "closed_at"]
