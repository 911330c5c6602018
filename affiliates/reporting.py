"""Reports about pages of ours: what they are about, who is told, and what follows.

The subject of a case says what it is about: `product:12`, `creator:7`. Both sides get the
decision with its reasons (EU DSA art. 17): what was decided, on which facts and ground, whether a
machine had a part in it, and where to turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from affiliates import letters, messages, participations
from affiliates.letters import Letter, day
from affiliates.models import Collaboration, Message
from creators import profiles, reports
from creators.models import Case, CaseEvent, Creator, Report
from shop import products, readers
from shop.models import Brand, Product

DECIDED = (Case.State.UPHELD, Case.State.DISMISSED)


@dataclass(frozen=True, slots=True)
class Subject:
    """A page that can be reported: its name, its address, and who answers for it."""

    key: str
    name: str
    path: str
    creator: Creator | None = None
    product: Product | None = None
    brand: Brand | None = None
    message: Message | None = None
    offer: Collaboration | None = None


def find(kind: str, pk: int) -> Subject | None:
    """Return what a report is about, or None: there is no such page."""
    if kind == "product":
        product = Product.objects.on_sale().select_related("brand").filter(pk=pk).first()
        return product and of_product(product)
    if kind == "creator":
        creator = Creator.objects.enrolled().filter(pk=pk, erased_at=None).first()
        return creator and of_creator(creator)
    return None


def of_product(product: Product) -> Subject:
    return Subject(f"product:{product.pk}", product.title, product.get_absolute_url(),
                   product=product)  # fmt: skip


def of_creator(creator: Creator) -> Subject:
    return Subject(f"creator:{creator.pk}", creator.display_name, creator.get_absolute_url(),
                   creator=creator)  # fmt: skip


def of_message(message: Message) -> Subject:
    """A message, for whoever sent it; only the two sides can report it."""
    key, brand, creator = f"message:{message.pk}", message.brand, message.creator
    if message.from_brand:
        path = reverse("affiliates:brand_thread", args=[brand.slug, creator.pk])
        name = _("a message of %s") % brand.name
        return Subject(key, name, path, brand=brand, message=message)
    path = reverse("affiliates:thread", args=[brand.slug])
    name = _("a message of %s") % creator.display_name
    return Subject(key, name, path, creator=creator, message=message)


def of_offer(offer: Collaboration) -> Subject:
    """The words of an offer and of its invitations; only who is shown it can report it."""
    path = reverse("affiliates:collaboration", args=[offer.brand.slug, offer.pk])
    name = _("an offer of %s") % offer.brand.name
    return Subject(f"offer:{offer.pk}", name, path, brand=offer.brand, offer=offer)


def of_case(case: Case) -> Subject | None:
    """Return what a case is about, shown today or not."""
    kind, _sep, pk = case.subject.partition(":")
    if kind == "product" and pk.isdigit():
        product = Product.objects.select_related("brand").filter(pk=pk).first()
        return product and of_product(product)
    if kind == "message" and pk.isdigit():
        message = Message.objects.select_related("brand", "creator__user").filter(pk=pk).first()
        return message and of_message(message)
    if kind == "offer" and pk.isdigit():
        offer = Collaboration.objects.select_related("brand").filter(pk=pk).first()
        return offer and of_offer(offer)
    return of_creator(case.creator) if kind == "creator" and case.creator else None


def enforce(case: Case, at: datetime) -> bool:
    """Do what an upheld report asks for: hide product, message or words; say whether it did.

    What follows for a creator is decided in a case of its own, with its own notice.
    """
    if case.kind != Case.Kind.REPORT or case.state != Case.State.UPHELD:
        return False
    subject = of_case(case)
    if subject is not None and subject.message is not None:
        return bool(messages.hide(subject.message.pk, at))
    if subject is not None and subject.offer is not None:
        return bool(participations.take_words_down(subject.offer))
    if subject is None or subject.product is None:
        return False
    products.hide(subject.product, at)
    return True


# ------------------------------------------------------------------ told


def state_url(report: Report) -> str:
    """Return the signed address at which a reporter sees what became of it."""
    return settings.SITE_URL + reverse("affiliates:report_state", args=[reports.token(report)])


def tell(event: CaseEvent) -> None:
    """Mail what happened in a report's case to those whom it concerns, each in her language."""
    case = event.case
    if case.kind != Case.Kind.REPORT:
        return
    subject = of_case(case)
    name = subject.name if subject else case.subject
    if event.kind == "reported":
        rows = case.reports.filter(pk=event.text.partition(":")[2])
        for report in rows.exclude(email=""):
            with translation.override(report.language):
                _received(report, name).send()
    if event.kind in DECIDED:
        for report in case.reports.exclude(email=""):
            with translation.override(report.language):
                _decided(report.email, event, name, state_url(report)).send()
        for address, language in _other_side(subject):
            with translation.override(language):
                url = settings.SITE_URL + subject.path
                _decided(address, event, name, url, other=True).send()


def _other_side(subject: Subject | None) -> list[tuple[str, str]]:
    """Return address and language of whoever answers for the page."""
    brand = subject and (subject.brand or (subject.product and subject.product.brand))
    if brand:
        return [(brand.email, readers.usual(brand))] if brand.email else []
    if subject and subject.creator and subject.creator.user and not subject.creator.is_demo:
        creator = subject.creator
        return [(creator.user.email, profiles.mail_language(creator))] if creator.user.email else []
    return []


def _received(report: Report, name: str) -> Letter:
    return Letter(
        to=report.email,
        subject=_("We have your report %d") % report.pk,
        title=_("We have your report"),
        paragraphs=[
            _("You reported: %s.") % name,
            _("A person looks at it and decides by %s. You get the decision with its reasons.")
            % day(report.case.decide_by),
        ],
        url=state_url(report),
        button=_("See how it stands"),
        why=_("You get this mail because you gave this address with a report."),
    )


def _decided(
    to: str, event: CaseEvent, name: str, url: str, other: bool = False
) -> Letter:  # fmt: skip
    case = event.case
    upheld = event.kind == Case.State.UPHELD
    grounds = sorted({str(report.get_ground_display()) for report in case.reports.all()})
    return Letter(
        to=to,
        subject=_("Decision on a report about %s") % name,
        title=_("Decision on a report"),
        paragraphs=[
            _("What it is about: %(name)s. What was reported: %(grounds)s.")
            % {"name": name, "grounds": "; ".join(grounds)},
            measure(case, upheld),
            _("Facts and reasons: %s") % event.text,
            _("A person decided. No automatic means were used, neither to find nor to decide it."),
            _("Do you not agree? Answer this mail within six months: another person looks again.")
            + " "
            + letters.redress(),
        ],
        url=url,
        button=_("See the page") if other else _("See how it stands"),
        why=_("You get this mail because you answer for this page.")
        if other
        else _("You get this mail because you gave this address with a report."),
    )


def measure(case: Case, upheld: bool) -> str:
    """Say what a decision does (EU DSA art. 17: the restriction, where, for how long)."""
    if not upheld:
        return _("The page stays as it is: we found nothing against the law or our terms.")
    if case.subject.startswith("message:"):
        return _("The message is not shown any more, to neither side.")
    if case.subject.startswith("offer:"):
        return _("The words of the offer and of its invitations are gone. The offer itself stays.")
    if case.subject.startswith("product:"):
        return _(
            "The product is no longer shown or sold here, in any country, until we say otherwise."
        )
    return _("The report is right. What follows for the account is decided in a case of its own.")
