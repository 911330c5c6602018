"""A shopper's bag: putting in, changing, taking out. What it costs: `shop.bag`."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from shop import bag as bags
from shop import delivery, discounts
from shop.models import Cart, CartLine, Order, Variant

MOST_LINES = 50
KEEP = timedelta(days=90)  # a bag that nobody touches; its browser forgets it much sooner


class CannotAdd(Exception):
    """A variant that cannot go into this bag; the text is for the shopper."""


def find(key: str | None) -> Cart | None:
    """Return the bag with this key."""
    return Cart.objects.filter(key=key).first() if key else None


def new() -> Cart:
    """Create an empty bag with a random key."""
    return Cart.objects.create(key=secrets.token_urlsafe(32))


def forget(at: datetime, size: int = 2_000) -> int:
    """Delete bags that nobody has touched for long; return how many."""
    done, lines = 0, CartLine.objects.filter(cart=OuterRef("pk"), added_at__gt=at - KEEP)
    old = Cart.objects.filter(~Exists(lines), updated_at__lte=at - KEEP).order_by("pk")
    while pks := list(old.values_list("pk", flat=True)[:size]):
        Cart.objects.filter(pk__in=pks).delete()
        done += len(pks)
    return done


@transaction.atomic
def copy(cart: Cart) -> Cart:
    """Return a new bag with the same lines. What becomes of one bag never touches the other."""
    made = new()
    made.currency, made.creator_code = cart.currency, cart.creator_code
    made.delivery, made.discounts = cart.delivery, cart.discounts
    made.save()
    facts = cart.lines.values("variant_id", "quantity", "touch")
    CartLine.objects.bulk_create(CartLine(cart=made, **line) for line in facts)
    return made


def count(cart: Cart | None) -> int:
    """Return how many pieces are in a bag."""
    return sum(cart.lines.values_list("quantity", flat=True)) if cart else 0


@transaction.atomic
def add(
    cart: Cart, variant: Variant, quantity: int, touch: str = "", at: datetime | None = None
) -> CartLine:
    """Put pieces of a variant into a bag. Raises CannotAdd.

    `touch` says which creator's link the shopper came by; the newest one of a line counts.
    """
    at = at or timezone.now()
    cart = Cart.objects.select_for_update().get(pk=cart.pk)
    product = variant.product
    currencies = set(cart.lines.values_list("variant__product__currency", flat=True))
    held = bags.held_for(cart)[variant.pk]
    if problem := bags.problem_of(variant, quantity, at, held):
        raise CannotAdd(problem)
    if currencies - {product.currency}:
        message = _(
            "Your bag is in %(one)s and this is in %(two)s. Please finish that order first."
        )
        raise CannotAdd(message % {"one": cart.currency, "two": product.currency})
    line = cart.lines.filter(variant=variant).first()
    if line is None:
        if cart.lines.count() >= MOST_LINES:
            raise CannotAdd(_("Your bag is full. Please order this first."))
        line = CartLine(cart=cart, variant=variant, quantity=0)
    if problem := bags.problem_of(variant, line.quantity + quantity, at, held):
        raise CannotAdd(problem)
    line.quantity += quantity
    line.touch = touch or line.touch
    line.save()
    _changed(cart, product.currency)
    return line


@transaction.atomic
def set_quantities(cart: Cart, quantities: Mapping[int, int]) -> None:
    """Set how many of each line (by id) are wanted; 0 takes a line out."""
    cart = Cart.objects.select_for_update().get(pk=cart.pk)
    for line in cart.lines.filter(pk__in=list(quantities)):
        wanted = quantities[line.pk]
        if wanted <= 0:
            line.delete()
        elif wanted != line.quantity:
            line.quantity = min(wanted, bags.MOST_OF_ONE)
            line.save(update_fields=["quantity"])
    _changed(cart, cart.currency)


def keep_code(cart: Cart, code: str) -> None:
    """Remember the creator's code that was typed, for when the shopper comes back."""
    if cart.creator_code != code:
        cart.creator_code = code
        cart.save(update_fields=["creator_code", "updated_at"])


def choose_delivery(cart: Cart, choices: Mapping[int, int]) -> bool:
    """Keep the chosen ways (option id by brand id) with the bag; return whether any changed."""
    wanted = {str(brand): way for brand, way in choices.items()}
    if _stands(cart, wanted):
        return False  # as nearly always: nothing is locked
    with transaction.atomic():
        row = Cart.objects.select_for_update().get(pk=cart.pk)
        if _stands(row, wanted):
            return False
        row.delivery |= wanted
        row.save(update_fields=["delivery"])
        _changed(row, row.currency)
        cart.refresh_from_db()
    return True


def _stands(cart: Cart, wanted: Mapping[str, int]) -> bool:
    return all(cart.delivery.get(brand, delivery.STANDARD) == way for brand, way in wanted.items())


@transaction.atomic
def add_discount(cart: Cart, word: str) -> list[str]:
    """Put a discount code into a bag; return the names of the brands in it whose code it is.

    Of each brand the last code counts.
    """
    row = Cart.objects.select_for_update().get(pk=cart.pk)
    brands = set(row.lines.values_list("variant__brand", flat=True))
    found = discounts.find([word], brands)
    if found:
        _keep_discounts(cart, row, row.discounts | {str(one.brand_id): one.code for one in found})
    return [one.brand.name for one in found]


@transaction.atomic
def drop_discount(cart: Cart, code: str) -> None:
    """Take a discount code out of a bag."""
    row = Cart.objects.select_for_update().get(pk=cart.pk)
    kept = {brand: one for brand, one in row.discounts.items() if one != code}
    _keep_discounts(cart, row, kept)


def _keep_discounts(cart: Cart, row: Cart, wanted: dict[str, str]) -> None:
    if wanted != row.discounts:
        row.discounts = wanted
        row.save(update_fields=["discounts"])
        _changed(row, row.currency)
        cart.refresh_from_db()


def _changed(cart: Cart, currency: str) -> None:
    """An order made of the bag as it was is not this bag's any more."""
    if cart.checkout_key and Order.objects.filter(checkout_key=cart.checkout_key).exists():
        cart.replaces = cart.checkout_key
    cart.currency, cart.checkout_key = currency, None
    cart.save(update_fields=["currency", "checkout_key", "replaces", "updated_at"])
