"""What the letters about the steps of an order say."""

from django.core.mail import EmailMultiAlternatives

from shop import mails
from shop.models import OrderLetter, Return


def withdrawal(row: OrderLetter) -> EmailMultiAlternatives:
    """The receipt of a withdrawal: what, when, and where it goes."""
    rows = Return.objects.select_related("brand_order__order", "brand_order__brand")
    return mails.withdrawal_receipt(rows.get(pk=row.about))


WORDS = {
    "withdrawal": withdrawal,
}
