"""Guest checkout: one page, then the payment provider's."""

from functools import cache

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.lib import ratelimit
from config.lib.access import public
from config.lib.http import client_network, render_page
from shop import bag as bags
from shop import cart as carts
from shop import checkout as checkouts
from shop import discounts, gateways, orders, paypages, tasks
from shop.forms.checkout import CheckoutForm
from shop.models import Order, Product
from shop.views.bag import bag_of, code_owner, referral_for

MINE = "orders"  # session: ids of the orders that this browser placed
# Of one connection, which many people on phones may share.
MOST_ORDERS, MOST_CODES, MINUTES = 30, 60, 10


@public
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request):
    """Ask where it goes; a valid form makes the order and leads to the payment page."""
    cart = bag_of(request)
    if request.method == "POST" and (order := _made_before(request)):
        return pay(request, order)
    bag = bags.contents(cart, timezone.now()) if cart else None
    if bag is None or not bag.lines:
        messages.info(request, _("Your bag is empty."))
        return redirect("shop:cart")
    if bag.problems:
        messages.error(request, _("Something in your bag changed. Please look at it first."))
        return redirect("shop:cart")
    find_code = _finder(request, bag)
    if request.method != "POST":
        form = CheckoutForm(initial=_initial(request, cart), find_code=find_code, parts=bag.parts)
        return _page(request, cart, bag, form)
    typed = [request.POST.get(name, "").strip() for name in ("creator_code", "discount_code")]
    if any(typed) and not _may_try_code(request):
        return ratelimit.too_many(request, MINUTES * 60)
    data = _sorted_words(request.POST, cart, bag, find_code)
    form = CheckoutForm(data, find_code=find_code, parts=bag.parts)
    form.full_clean()
    changed = [carts.choose_delivery(cart, form.ways()), _discounts(cart, form)]
    if any(changed):
        bag = bags.contents(cart, timezone.now())
    if "apply_delivery" in data or "drop_discount" in data:
        form.errors.clear()
    elif "apply_code" in data:
        _only(form, "creator_code")
        if not form.errors:
            carts.keep_code(cart, form.cleaned_data["creator_code"])
    elif "apply_discount" in data:
        _only(form, "discount_code")
    elif form.is_valid() and (not any(changed) or _agrees(form, bag)):
        if order := _place(request, cart, form):
            return pay(request, order)
        bag = bags.contents(cart, timezone.now())
        if bag.problems or not bag.lines:
            return redirect("shop:cart")
    return _page(request, cart, bag, form)


def _sorted_words(posted, cart, bag, find_code):
    """Return the form's data with each code in its own field, wherever it was typed.

    One word may be both: the code of a creator for which a brand gives a discount.
    """
    data = posted.copy()
    creator, discount = (data.get(name, "").strip() for name in ("creator_code", "discount_code"))
    brands = [part.brand.pk for part in bag.parts]
    if creator and creator != cart.creator_code and discounts.find([creator], brands):
        discount = discount or creator
        creator = creator if find_code(creator) else ""
    elif discount and (owner := find_code(discount)):
        creator = creator or owner.code
        discount = discount if discounts.find([discount], brands) else ""
    data["creator_code"], data["discount_code"] = creator, discount
    return data


def _discounts(cart, form):
    """Take out the code whose button was pressed, or put in the one typed; tell if it did."""
    if gone := form.data.get("drop_discount"):
        carts.drop_discount(cart, gone)
        return True
    word = form.cleaned_data.get("discount_code", "")
    if not word:
        return False
    if not carts.add_discount(cart, word):
        said = _("No brand in your bag has the code %(code)s. Look at how it is spelled.")
        form.add_error("discount_code", said % {"code": word})
        return False
    form.data["discount_code"] = ""
    return True


def _only(form, name):
    """Keep the errors of one field; the others were not finished yet."""
    for other in set(form.errors) - {name}:
        del form.errors[other]


def _page(request, cart, bag, form):
    """Show the form with the total and key of the bag as it is now."""
    fresh = {"total": str(bag.total), "key": checkouts.key_for(cart)}
    if form.is_bound:
        form.data = form.data.copy()
        for name, value in fresh.items():
            form.data[name] = value
    form.initial |= fresh
    referrals = [found for part in bag.parts if (found := referral_for(request, part.brand.pk))]
    # one number for all of it: the shortest, and none where something cannot be sent back
    returns = [row.product.withdrawal == Product.Withdrawal.YES for row in bag.lines]
    days = min(part.brand.return_days for part in bag.parts) if all(returns) else 0
    context = {
        "bag": bag,
        "form": form,
        "return_days": days,
        "referrals": referrals,
        "code": _code_of(bag, form),
        "cart_count": bag.count,
    }
    status = 422 if form.is_bound and form.errors else 200
    return render_page(request, "shop/checkout.html", context, status=status)


def _finder(request, bag):
    """Return the function that says whose code a word is; the same word is asked once."""
    brand_ids = {part.brand.pk for part in bag.parts}
    return cache(lambda word: code_owner(request, word, brand_ids))


def _agrees(form, bag):
    """Ask again when a delivery or a code changed the total that stood on the button."""
    if form.cleaned_data["total"] == bag.total:
        return True
    form.add_error(None, _("The total is another one now. Look at it, then order."))
    return False


def _code_of(bag, form):
    """Return whose code stands in the form, and the names of the brands on which it earns."""
    field = form["creator_code"]
    found = None if field.errors else form.find_code((field.value() or "").strip())
    if found is None:
        return None
    earns = [part.brand.name for part in bag.parts if part.brand.pk in found.brand_ids]
    return {"owner": found, "earns_on": earns, "on_all": len(earns) == len(bag.parts)}


def _initial(request, cart):
    user = request.user
    initial = {"creator_code": cart.creator_code, "country": "NL"}
    if user.is_authenticated:
        initial |= {"email": user.email, "name": user.get_full_name()}
    return initial


def _made_before(request):
    """Return the order that this form already made and paid: a double click, the back button."""
    rows = Order.objects.filter(checkout_key=request.POST.get("key", "")[:64])
    order = rows.filter(pk__in=request.session.get(MINE, [])).first()
    done = order and (order.status == Order.Status.PAID or order.processing_at)
    return order if done else None


def _place(request, cart, form):
    """Return the order, or None with the reason on the form."""
    data = form.cleaned_data
    referral = getattr(request, "referral", None)
    told = {"clicks": referral.as_json() if referral else [], "code": data["creator_code"]}
    if found := data["creator_code"] and form.find_code(data["creator_code"]):
        told["code_is"] = found.frozen
    now = timezone.now()
    for gone in checkouts.drop_earlier(cart, data["total"], now):
        tasks.close_pages.delay(gone.pk)
    key = checkouts.key_for(cart)
    carts.keep_code(cart, data["creator_code"])
    if not _may_order(request, key):
        message = _(
            "Too many orders from this connection. Nothing was ordered; try again in ten minutes."
        )
        form.add_error(None, message)
        return None
    try:
        order = checkouts.place(
            cart,
            form.buyer(user=request.user, language=get_language() or "en"),
            checkout_key=key,
            total=data["total"],
            referral=told,
            at=now,
        )
    except checkouts.PriceChanged:
        form.add_error(None, _("The price changed since you saw it. Please look at the new total."))
    except discounts.Refused as error:
        form.add_error("discount_code", _("%(why)s Take the code out to order.") % {"why": error})
    except checkouts.CannotSell:
        form.add_error(None, _("Something in your bag was sold meanwhile. Nothing was ordered."))
        messages.error(request, _("Something in your bag was sold meanwhile. Nothing was ordered."))
    except checkouts.Busy:
        message = _(
            "Too many people want the same piece at this moment. Nothing was ordered; press the button again."
        )
        form.add_error(None, message)
    except checkouts.EmptyBag:
        messages.info(request, _("Your bag is empty."))
    except checkouts.DoesNotShip as error:
        message = _("%(brand)s does not ship to this country.") % {"brand": error.brand.name}
        form.add_error("country", message)
    else:
        mine = request.session.get(MINE, [])
        if order.pk not in mine:
            request.session[MINE] = [*mine, order.pk][-50:]
        return order
    return None


def _may_order(request, key):
    """Limit the orders of one connection: each one holds stock back without being paid yet."""
    if Order.objects.filter(checkout_key=key).exists():
        return True
    whence = client_network(request.META)
    return ratelimit.allow(
        "checkout", whence, times=MOST_ORDERS, seconds=MINUTES * 60, without_redis=True
    )


def _may_try_code(request):
    """Limit the codes that one connection types: they are not to be guessed."""
    whence = client_network(request.META)
    return ratelimit.allow(
        "creator-code", whence, times=MOST_CODES, seconds=MINUTES * 60, without_redis=True
    )


def pay(request, order):
    """Lead to the payment page of a pending order, else to the order's own page."""
    token = orders.token(order)
    page = reverse("shop:order", args=[token])
    if order.status != Order.Status.PENDING or order.processing_at:
        return redirect(page)
    try:
        started = paypages.begin(
            order,
            return_url=settings.SITE_URL + page,
            cancel_url=settings.SITE_URL + reverse("shop:checkout"),
        )
    except gateways.NoAnswer:
        messages.error(
            request,
            _("The payment page did not open. Your order is kept; please try again in a minute."),
        )
        return redirect(page)
    return HttpResponseRedirect(started.url)
