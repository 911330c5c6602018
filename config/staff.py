"""What the staff's roles may see and do in the admin: two groups, set again after each migrate.

A group gets what its work needs and nothing else. Acts on money ask for the group `finance` by
itself (`affiliates.admin.base.Desk`); what is listed here is what a person may look at, and the
few rows that support writes. A market that wants other rights makes a group of its own.
"""

from django.apps import AppConfig
from django.apps import apps as ours
from django.apps.registry import Apps
from django.contrib.auth.models import Group, Permission

from config.grants import reports_last

FINANCE, SUPPORT = "finance", "support"
ORDERS = (
    "shop.brand shop.order shop.brandorder shop.orderline shop.payment shop.refund shop.dispute"
    " shop.return shop.trouble shop.troubleline shop.orderletter shop.saledocument shop.parcel shop.recall creators.creator creators.case creators.caseevent creators.report"
    " creators.violation creators.sanction creators.channeldispute affiliates.caseline affiliates.collaboration"
    " affiliates.productrate affiliates.ratechange affiliates.termchange affiliates.commission affiliates.attribution"
    " affiliates.riskflag"
)
SEES = {
    FINANCE: ORDERS
    + " affiliates.account affiliates.adjustment affiliates.bankfile affiliates.bankreply"
    " affiliates.bookscheck affiliates.brandinvoice affiliates.closedmonth affiliates.feepolicy"
    " affiliates.ledgerentry affiliates.payday affiliates.payout affiliates.payoutattempt affiliates.payoutbatch affiliates.payoutclaim"
    " affiliates.payoutmethod affiliates.reclaim affiliates.selfbill affiliates.settlementline"
    " affiliates.platformswitch affiliates.settlementrun affiliates.settlementshard"
    " affiliates.switchchange affiliates.switchword affiliates.taxidentity"
    " affiliates.brandtaxidentity affiliates.taxlook affiliates.taxprofile affiliates.vatcheck"
    " shop.movement shop.orderpush shop.stockroom shop.taxrate shop.topup shop.webhookevent",
    SUPPORT: ORDERS
    + " creators.channel creators.decision creators.decisioncheck creators.directoryentry"
    " creators.enrolmentpolicy creators.manualcheck creators.niche creators.platformstatus"
    " creators.quizattempt creators.reading affiliates.creatorcode affiliates.link"
    " affiliates.linkblock affiliates.linkday affiliates.participation affiliates.platformswitch"
    " affiliates.samplerequest affiliates.sampleevent affiliates.switchchange"
    " affiliates.switchword shop.acceptance shop.category shop.feed shop.feedrun shop.image shop.integration shop.orderpush shop.product"
    " shop.stockroom shop.terms shop.termsnotice shop.variant",
}
DOES = {
    FINANCE: "shop.add_refund creators.add_case affiliates.add_platformswitch",
    # decide on creators, channels and cases; take a product or a link down; help with an order
    SUPPORT: "creators.change_creator creators.change_manualcheck creators.add_case"
    " creators.change_case shop.change_product affiliates.change_link shop.change_brandorder"
    " shop.add_refund shop.add_recall shop.change_orderpush",
}


def after_migrate(
    sender: AppConfig, using: str = "default", apps: Apps = ours, **kwargs: object
) -> None:
    """Set the groups' rights when the last app of the project reports."""
    has_groups = any(model._meta.label == "auth.Group" for model in apps.get_models())
    if reports_last(sender) and has_groups:
        restore(using)


def restore(using: str = "default") -> None:
    """Make the groups and give each exactly its rights, as far as their tables are there."""
    made = Permission.objects.using(using).select_related("content_type")
    known = {f"{row.content_type.app_label}.{row.codename}": row for row in made}
    for name in (FINANCE, SUPPORT):
        group, _made = Group.objects.using(using).get_or_create(name=name)
        group.permissions.set([known[right] for right in rights(name) & set(known)])


def rights(name: str) -> set[str]:
    """Return the rights of a group, as `shop.view_order`."""
    seen = {right.replace(".", ".view_") for right in SEES[name].split()}
    return seen | set(DOES[name].split())
