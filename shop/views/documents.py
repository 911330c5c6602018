"""Invoices and credit notes as PDF: for who may see the address, and for the brand's team."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.lib.access import public
from shop import documents
from shop.access import brand_required
from shop.models import SaleDocument
from shop.views import brand_orders
from shop.views.orders import opened


def _paper(row):
    answer = HttpResponse(documents.pdf(row), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{row.name}.pdf"'
    answer["Cache-Control"] = "no-store, private"
    return answer


def _invoice(part):
    """Issue it if nobody has so far: asking twice makes one."""
    if part is None:
        raise Http404("no such part")
    try:
        return _paper(documents.invoice(part, timezone.now()))
    except documents.NoDocument as error:
        raise Http404("not invoiced by us") from error


@public
@never_cache
@require_safe
def order_invoice(request, token, part_id):
    found, first = opened(request, token)
    return first or _invoice(found.parts.select_related("order").filter(pk=part_id).first())


@public
@never_cache
@require_safe
def order_document(request, token, part_id, number):
    found, first = opened(request, token)
    if first:
        return first
    rows = SaleDocument.objects.filter(brand_order=part_id, brand_order__order=found)
    return _paper(get_object_or_404(rows.select_related("brand_order__order"), number=number))


@brand_required
@require_safe
def brand_invoice(request, part_id):
    return _invoice(brand_orders.part_or_404(request, part_id))


@brand_required
@require_safe
def brand_document(request, part_id, number):
    rows = SaleDocument.objects.filter(brand=request.brand, brand_order=part_id)
    return _paper(get_object_or_404(rows.select_related("brand_order__order"), number=number))
