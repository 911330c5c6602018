"""A brand that sells here from the stock of its shop, set up the whole way."""

from django.utils import timezone

from shop import beside, ownorders, pushes
from shop.models import Stockroom
from tests.shop.factories import make_brand, make_order, make_user, make_variant


class Beside:
    """A brand with one mug, ten of which lie in its shop `there`, a stand-in."""

    def __init__(self, there, *, green=True, count=10):
        self.there = there
        self.brand = make_brand(owner=make_user(), sells_at="beside")
        self.variant = make_variant(brand=self.brand, stock=0, sells_at="beside")
        there.put(self.variant.sku, count)
        there.told.clear()
        self.room = beside.connect(
            self.brand, there.PROVIDER, there.url, *there.KEYS, at=timezone.now()
        )
        if green:
            assert not beside.test(self.room, "1", timezone.now())
            self.listen()
            assert self.fresh_room().green_at

    def fresh_room(self):
        self.room = Stockroom.objects.select_related("integration__brand").get(pk=self.room.pk)
        return self.room

    def listen(self):
        """Take what the shop tells, and apply it."""
        answers = self.there.deliver(self.room)
        ownorders.apply_waiting(timezone.now())
        return [answer.status_code for answer in answers]

    def stock(self):
        self.variant.refresh_from_db()
        return self.variant.stock

    def order(self, quantity=1, **facts):
        self.variant.refresh_from_db()
        return make_order((self.variant, quantity), **facts)

    def push(self, at=None):
        return pushes.send_due(at or timezone.now())
