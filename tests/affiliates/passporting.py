"""Creators with something to say in a passport."""

from datetime import timedelta

from django.utils import timezone

from affiliates import passports
from affiliates.models import Passport, SampleRequest
from tests.affiliates.factories import make_brand, make_collaboration, make_commission, make_variant

NOW = timezone.now().replace(microsecond=0)
DAY = timedelta(days=1)
ALL = ["orders", "refunds", "samples", "posts"]


def sell(creator, times, brand=None, at=None):
    at = at or NOW - 40 * DAY
    return [
        make_commission(creator, brand or make_brand(), at=at, delivered=at + 2 * DAY)
        for _n in range(times)
    ]


def promise(creator, kept, late=0, broken=0):
    """Samples that are over: kept in time, kept with the extension, never posted."""
    variant = make_variant(make_brand())
    offer = make_collaboration(variant.brand)
    arrived = NOW - 60 * DAY
    base = {
        "creator": creator, "collaboration": offer, "variant": variant, "asked_at": NOW - 70 * DAY,
        "delivered_at": arrived, "act_by": NOW, "closed_at": NOW - 30 * DAY,
    }  # fmt: skip
    done = {"state": "closed", "checked_by": "api", "post_url": "https://www.tiktok.com/@a/video/1"}
    for days, count in ((3, kept), (18, late)):
        for _n in range(count):
            SampleRequest.objects.create(**base, **done, posted_at=arrived + days * DAY)
    for _n in range(broken):
        SampleRequest.objects.create(**base, state="lapsed", lapsed_side="creator")


def issue(creator, fields=("orders",), at=NOW) -> Passport:
    return passports.issue(creator, fields, [one.pk for one in creator.channels.all()], at)
