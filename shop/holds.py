"""How much one shopper may hold while banks take days: stock and codes that nobody paid for yet."""

from django.db.models import Q, Sum

from shop.models import Order, OrderLine

MOST_ORDERS = 5
MOST_PIECES = 60


def too_much(order: Order) -> bool:
    """Tell whether `order` is more than its shopper may hold beside what she holds already.

    She is known by her e-mail address, and by where her orders go.
    """
    hers = Q(email__iexact=order.email) | Q(
        country=order.country, postal_code=order.postal_code, address__iexact=order.address
    )
    waiting = Q(status=Order.Status.PENDING, processing_at__isnull=False)
    held = Order.objects.filter(waiting, hers).exclude(pk=order.pk)
    ids = [*held.values_list("pk", flat=True)[:MOST_ORDERS], order.pk]
    lines = OrderLine.objects.filter(brand_order__order__in=ids)
    pieces = lines.aggregate(sum=Sum("quantity"))["sum"] or 0
    return len(ids) > MOST_ORDERS or pieces > MOST_PIECES
