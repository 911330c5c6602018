"""Letters to shoppers and brands, in the language of the order."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from config.lib import post
from shop import orders, team
from shop.models import Feed, Order, Product, Return, TeamInvitation, Terms
from shop.models.orders import PaymentNews

_KEPT = {name: label for name, label in Product.Withdrawal.choices if name != "yes"}


def _send(name: str, to: str, language: str, context: dict) -> None:
    post.send(message(name, to, language, context))


def message(name: str, to: str, language: str, context: dict) -> EmailMultiAlternatives:
    """Return the letter `emails/shop/<name>` in a language."""
    with translation.override(language):
        context = context | {"site_url": settings.SITE_URL}
        subject = render_to_string(f"emails/shop/{name}_subject.txt", context).strip()
        mail = EmailMultiAlternatives(
            subject, render_to_string(f"emails/shop/{name}.txt", context), to=[to]
        )
        mail.attach_alternative(render_to_string(f"emails/shop/{name}.html", context), "text/html")
    return mail


def address_of(order: Order) -> str:
    """Return the whole address of an order's page."""
    token = orders.token(order)
    return settings.SITE_URL + reverse("shop:order", args=[token])


def confirm(order: Order) -> bool:
    """Mail the confirmation of a paid order, once; return whether this call did."""
    rows = Order.objects.filter(pk=order.pk, status=Order.Status.PAID, confirmed_at=None)
    if not rows.update(confirmed_at=timezone.now()):
        return False
    try:
        post.send(confirmation(order))
    except OSError:
        Order.objects.filter(pk=order.pk).update(confirmed_at=None)
        raise
    return True


def confirmation(order: Order) -> EmailMultiAlternatives:
    """Return the confirmation of a contract, with all that it has to say (EU 2011/83 art. 8(7))."""
    facts = _facts(order)
    for part in facts["parts"]:
        lines = list(part.lines.all())
        part.kept = [
            (line.title, _KEPT[line.withdrawal]) for line in lines if line.withdrawal in _KEPT
        ]
        part.can_return = len(part.kept) < len(lines)
    agreed = Terms.objects.filter(acceptances__order=order).first()
    args = ["shopper", *([agreed.version] if agreed else [])]
    path = reverse("shop:terms_version" if agreed else "shop:terms", args=args)
    return message("order_paid", order.email, order.language, {
        "order": order, "terms_url": f"{settings.SITE_URL}{path}", **facts,
    })  # fmt: skip


def tell_payment(order: Order) -> bool:
    """Mail what a bank does with a slow payment, once; return whether this call did."""
    news = order.payment_news
    states = Order.Status
    status = states.CANCELLED if news == PaymentNews.UNHELD else states.PENDING
    rows = Order.objects.filter(pk=order.pk, status=status, payment_news=news)
    if not news or not rows.update(payment_news=""):
        return False
    try:
        _send(f"payment_{news}", order.email, order.language, {"order": order, **_facts(order)})
    except OSError:
        still = Order.objects.filter(pk=order.pk, status=status, payment_news="")
        still.update(payment_news=news)
        raise
    return True


def payment_news() -> list[Order]:
    """Return orders of which something about a slow payment is still to be mailed."""
    return list(Order.objects.exclude(payment_news="")[:200])


def _facts(order: Order) -> dict:
    parts = list(order.parts.select_related("brand").prefetch_related("lines"))
    return {"parts": parts, "total": orders.total(order), "url": address_of(order)}


def unconfirmed(since: datetime) -> list[Order]:
    """Return orders that were paid after `since` and whose confirmation is not sent yet."""
    rows = Order.objects.filter(status=Order.Status.PAID, confirmed_at=None, paid_at__gte=since)
    return list(rows.filter(events__kind="captured").distinct()[:200])


def withdrawal_receipt(made: Return) -> EmailMultiAlternatives:
    """Return the shopper's receipt: what she sends back, and when she said so."""
    order = made.brand_order.order
    context = {"order": order, "made": made, "part": made.brand_order, "url": address_of(order)}
    context["lines"] = list(made.lines.select_related("order_line"))
    return message("withdrawal", order.email, order.language, context)


def page_code(order: Order, code: str) -> None:
    """Mail the code that shows address and invoice on an order's page."""
    _send("order_code", order.email, order.language, {"order": order, "code": code})


def team_invitation(invitation: TeamInvitation) -> None:
    """Mail the link by which somebody joins a brand's team, in the inviting person's language."""
    url = settings.SITE_URL + reverse("shop:team_join", args=[team.token_of(invitation)])
    context = {"invitation": invitation, "brand": invitation.brand, "url": url}
    _send("team_invitation", invitation.email, translation.get_language() or "en", context)


def feed_fails(feed: Feed, at: datetime) -> bool:
    """Tell a brand's people that the address of a catalogue fails, once; whether this call did."""
    if not Feed.objects.filter(pk=feed.pk, told_at=None).update(told_at=at):
        return False
    last = feed.runs.filter(state="refused").order_by("-started_at", "-id").first()
    path = reverse("shop:feeds", args=[feed.brand.slug])
    context = {"feed": feed, "brand": feed.brand, "run": last, "url": settings.SITE_URL + path}
    people = feed.brand.memberships.exclude(user__email="").values_list("user__email", flat=True)
    for address in people:
        _send("feed_fails", address, feed.language, context)
    return True
