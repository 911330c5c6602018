"""Addresses of the market: links, collaborations, money, dashboards."""

from django.urls import path, re_path

from affiliates import webhooks
from affiliates.passports import KEYS_PATH, LIST_PATH
from affiliates.views import (
    advertising,
    apitokens,
    balance,
    brandlinks,
    brandmessages,
    brands,
    brandsamples,
    calendars,
    cases,
    codes,
    collaboration,
    collaborations,
    cookies,
    dashboards,
    discover,
    earnings,
    endpoints,
    exports,
    invitations,
    invite,
    links,
    manylinks,
    market,
    messages,
    passports,
    payouts,
    plan,
    privacy,
    programmes,
    proof,
    qr,
    reports,
    risk,
    rules,
    samples,
    savedsearches,
    seen,
    shortlists,
    statements,
    storefront,
)

app_name = "affiliates"
BRAND = "brand/<slug:brand_slug>"
LIST = f"{BRAND}/shortlists/<int:pk>"

# ------------------------------------------------------------ finding creators
urlpatterns = [
    path("brands/", brands.brands_home, name="brands_home"),
    path(f"{BRAND}/creators/", discover.discover, name="discover"),
    path(f"{BRAND}/creators/searches/", savedsearches.search_save, name="search_save"),
    path(
        f"{BRAND}/creators/searches/<int:pk>/remove/",
        savedsearches.search_unsave,
        name="search_unsave",
    ),
    path("creator/seen/", seen.seen_by_brands, name="seen"),
    path(f"{BRAND}/creators/compare/", discover.compare, name="compare"),
    path(f"{BRAND}/creators/invite/", invite.invite_many, name="invite_many"),
    path(f"{BRAND}/creators/<int:creator_id>/invite/", invite.invite, name="invite"),
    path(f"{BRAND}/plan/", plan.plan, name="plan"),
    path(f"{BRAND}/shortlists/<int:creator_id>/note/", shortlists.note, name="shortlist_note"),
    path(f"{BRAND}/shortlists/", shortlists.shortlists, name="shortlists"),
    path(f"{BRAND}/shortlists/new/", shortlists.shortlist_new, name="shortlist_new"),
    path(f"{BRAND}/shortlists/add/", shortlists.shortlist_add, name="shortlist_add"),
    path(f"{LIST}/rename/", shortlists.shortlist_rename, name="shortlist_rename"),
    path(f"{LIST}/remove/", shortlists.shortlist_remove, name="shortlist_remove"),
    path(f"{LIST}/off/<int:creator_id>/", shortlists.shortlist_off, name="shortlist_off"),
    path(
        f"{BRAND}/shortlists/toggle/<int:creator_id>/", shortlists.toggle, name="shortlist_toggle"
    ),
]

# ------------------------------------------------------------ first pages
urlpatterns += [
    path("creator/", dashboards.creator_dashboard, name="creator_dashboard"),
    path("creator/advertising/", advertising.advertising, name="advertising"),
    path(f"{BRAND}/", dashboards.brand_dashboard, name="brand_dashboard"),
]

# ------------------------------------------------------------ when a platform is gone
urlpatterns += [
    path("creator/risk/", risk.creator_risk, name="creator_risk"),
    path("creator/risk/<slug:platform>.zip", risk.creator_kit, name="creator_kit"),
    path(
        "creator/risk/<slug:platform>/prepare/",
        risk.creator_kit_prepare,
        name="creator_kit_prepare",
    ),
    path(f"{BRAND}/risk/", risk.brand_risk, name="brand_risk"),
    path(f"{BRAND}/risk/<slug:platform>.zip", risk.brand_kit, name="brand_kit"),
]

# ------------------------------------------------------------ balances and proofs
urlpatterns += [
    path(f"{BRAND}/balance/", balance.balance, name="balance"),
    path(f"{BRAND}/balance/tax/", balance.balance_tax, name="balance_tax"),
    path(f"{BRAND}/balance/topup/", balance.balance_topup, name="balance_topup"),
    path(f"{BRAND}/balance/statement/", statements.balance_statement, name="balance_statement"),
    path(f"{BRAND}/balance/lines/<int:pk>/", statements.balance_line, name="balance_line"),
    path("creator/earnings/", earnings.earnings, name="earnings"),
    path("creator/earnings/<int:pk>/contest/", earnings.contest, name="contest"),
    path("creator/earnings/statement/", statements.earnings_statement, name="earnings_statement"),
    path("creator/earnings/lines/<int:pk>/", statements.earnings_line, name="earnings_line"),
    path("creator/payouts/", payouts.payouts, name="payouts"),
    path("creator/payouts/documents/<int:number>.pdf", payouts.self_bill, name="self_bill"),
    path(f"{BRAND}/invoices/<int:number>.pdf", payouts.brand_invoice, name="brand_invoice"),
    path("creator/payouts/bank/", payouts.payout_bank, name="payout_bank"),
    path("creator/payouts/tax/", payouts.payout_tax, name="payout_tax"),
    path("rules/", rules.rules, name="rules"),
    path("proof/", proof.proof, name="proof"),
    path("proof/verify.py", proof.verifier, name="verifier"),
    path("creator/payouts/statement.json", proof.statement, name="statement"),
    path("hooks/stripe-connect/", webhooks.stripe_connect, name="stripe_connect"),
]

# ------------------------------------------------------------ calendars
urlpatterns += [
    path("creator/calendar/", calendars.creator_calendar, name="creator_calendar"),
    path(f"{BRAND}/calendar/", calendars.brand_calendar, name="brand_calendar"),
    path("calendar/<str:token>.ics", calendars.calendar, name="calendar"),
]

# ------------------------------------------------------------ keys and webhooks
for start, side in ((BRAND, "brand"), ("creator", "creator")):
    urlpatterns += [
        path(f"{start}/api/", getattr(apitokens, f"{side}_tokens"), name=f"{side}_tokens"),
        path(
            f"{start}/api/<int:pk>/revoke/",
            getattr(apitokens, f"{side}_token_revoke"),
            name=f"{side}_token_revoke",
        ),
        path(
            f"{start}/webhooks/", getattr(endpoints, f"{side}_endpoints"), name=f"{side}_endpoints"
        ),
        path(
            f"{start}/webhooks/<int:pk>/",
            getattr(endpoints, f"{side}_endpoint"),
            name=f"{side}_endpoint",
        ),
        *(
            path(
                f"{start}/webhooks/<int:pk>/{what}/",
                getattr(endpoints, f"{side}_endpoint_{what}"),
                name=f"{side}_endpoint_{what}",
            )
            for what in ("secret", "switch", "remove", "test", "replay")
        ),
    ]

# ------------------------------------------------------------ one's own data
urlpatterns += [
    path("accounts/data/", privacy.data, name="data"),
    path("accounts/data/download/", privacy.download, name="data_download"),
    path("accounts/close/", privacy.close, name="close"),
]

# ------------------------------------------------------------ passports
urlpatterns += [
    path("creator/passport/", passports.passports, name="passports"),
    path("creator/passport/bring/", passports.passport_bring, name="passport_bring"),
    path(
        "creator/passport/evidence/<int:pk>/remove/",
        passports.evidence_remove,
        name="evidence_remove",
    ),
    path("creator/passport/<int:pk>/", passports.passport, name="passport"),
    path(
        "creator/passport/<int:pk>/file.<str:kind>", passports.passport_file, name="passport_file"
    ),
    path(
        "creator/passport/<int:pk>/withdraw/", passports.passport_withdraw, name="passport_withdraw"
    ),
    path(KEYS_PATH, passports.keys, name="passport_keys"),
    path(LIST_PATH, passports.revocations, name="passport_revocations"),
]

# ------------------------------------------------------------ tables to take along
urlpatterns += [
    path("creator/exports/<int:pk>/", exports.creator_export, name="creator_export"),
    path("creator/exports/<slug:name>.<str:kind>", exports.creator_table, name="creator_table"),
    path(f"{BRAND}/exports/<int:pk>/", exports.brand_export, name="brand_export"),
    path(f"{BRAND}/exports/<slug:name>.<str:kind>", exports.brand_table, name="brand_table"),
    path("exports/<str:token>/", exports.export_file, name="export_file"),
]
for address, name in {  # where they were before there was one address for all
    "creator/earnings/commissions.csv": "commissions",
    "creator/earnings/statement.<str:kind>": "statement",
    "creator/links/days.csv": "clicks",
    "creator/links/<int:link>/days.csv": "clicks",
    f"{BRAND}/balance/entries.csv": "entries",
    f"{BRAND}/balance/statement.<str:kind>": "statement",
    f"{BRAND}/links/links.csv": "links",
    f"{BRAND}/programme/claims.csv": "claims",
    f"{BRAND}/shortlists/list.csv": "shortlist",
    f"{BRAND}/feeds/<int:run>/problems.csv": "import-problems",
    f"{BRAND}/orders/orders.<str:kind>": "order-lines",
}.items():
    view = exports.brand_table if address.startswith(BRAND) else exports.creator_table
    fixed = {"name": name} | ({} if "kind" in address else {"kind": "csv"})
    urlpatterns.append(path(address, view, fixed))

# ------------------------------------------------------------ cases and reports
urlpatterns += [
    path("creator/cases/", cases.cases, name="cases"),
    path("creator/cases/<int:pk>/", cases.case, name="case"),
    path("report/state/<str:token>/", reports.report_state, name="report_state"),
    path("report/<slug:kind>/<int:pk>/", reports.report, name="report"),
]

# ------------------------------------------------------------ collaborations
OFFER = f"{BRAND}/collaborations/<int:collaboration_id>"
urlpatterns += [
    path(f"{BRAND}/collaborations/", collaborations.collaborations, name="collaborations"),
    path(f"{BRAND}/links/", brandlinks.brand_links, name="brand_links"),
    path(f"{BRAND}/programme/", programmes.claims, name="claims"),
    path(
        f"{BRAND}/collaborations/new/", collaborations.collaboration_new, name="collaboration_new"
    ),
    path(f"{OFFER}/", collaboration.collaboration, name="collaboration"),
    path(f"{OFFER}/end/", collaboration.collaboration_end, name="collaboration_end"),
    path(f"{OFFER}/budget/", collaboration.collaboration_budget, name="collaboration_budget"),
    path(f"{OFFER}/terms/", collaboration.collaboration_terms, name="collaboration_terms"),
    path(f"{OFFER}/products/", collaboration.collaboration_products, name="collaboration_products"),
    path(
        f"{OFFER}/applications/<int:participation_id>/",
        collaborations.application_answer,
        name="application_answer",
    ),
    path(f"{OFFER}/fees/<int:pk>/", collaborations.fee_answer, name="fee_answer"),
    path(
        "creator/invitations/apply/<int:collaboration_id>/",
        invitations.application,
        name="application",
    ),
    path(
        "creator/invitations/offers/<int:collaboration_id>/report/",
        messages.report_offer,
        name="report_offer",
    ),
    path("creator/invitations/fees/<int:pk>/", invitations.fee_post, name="fee_post"),
    path("creator/invitations/", invitations.invitations, name="invitations"),
    path(
        "creator/invitations/<int:participation_id>/",
        invitations.invitation_answer,
        name="invitation_answer",
    ),
]

# ------------------------------------------------------------ samples
urlpatterns += [
    path("creator/samples/", samples.samples, name="samples"),
    path("creator/samples/new/<int:product_id>/", samples.sample_new, name="sample_new"),
    path("creator/samples/<int:pk>/", samples.sample, name="sample"),
    path(f"{BRAND}/samples/", brandsamples.brand_samples, name="brand_samples"),
    path(f"{BRAND}/samples/<int:pk>/", brandsamples.brand_sample, name="brand_sample"),
    path(f"{OFFER}/samples/", brandsamples.collaboration_samples, name="collaboration_samples"),
]

# ------------------------------------------------------------ messages
WITH_CREATOR = f"{BRAND}/messages/<int:creator_id>"
WITH_BRAND = "creator/messages/<slug:brand_slug>"
urlpatterns += [
    path("creator/messages/", messages.messages, name="messages"),
    path(f"{WITH_BRAND}/", messages.thread, name="thread"),
    path(f"{WITH_BRAND}/<int:pk>/report/", messages.report_message, name="report_message"),
    path(f"{BRAND}/messages/", brandmessages.brand_messages, name="brand_messages"),
    path(f"{WITH_CREATOR}/", brandmessages.brand_thread, name="brand_thread"),
    path(
        f"{WITH_CREATOR}/<int:pk>/report/",
        brandmessages.brand_report_message,
        name="brand_report_message",
    ),
]

# ------------------------------------------------------------ links
urlpatterns += [
    path("go/<str:code>", links.go, name="go"),
    path("go/<str:code>/", links.go),
    path("cookies/", cookies.cookies, name="cookies"),
    path("creator/links/", links.links, name="links"),
    path("creator/links/many/", manylinks.links_many, name="links_many"),
    path("creator/links/code/", codes.code, name="code"),
    path("creator/links/<int:pk>/", links.link, name="link"),
    path("creator/links/<int:pk>/off/", links.link_off, name="link_off"),
    path("creator/links/<int:pk>/contest/", links.link_contest, name="link_contest"),
    path("creator/links/<int:pk>/name/", links.link_name, name="link_name"),
    path("creator/links/<int:pk>/qr/", qr.link_qr_page, name="link_qr_page"),
    path("creator/links/<int:pk>/qr.<str:kind>", qr.link_qr, name="link_qr"),
    re_path(
        r"^@(?P<handle>[a-z0-9_.]{2,30})/(?P<word>[a-z0-9-]{1,40})/?$", links.alias, name="alias"
    ),
]

# ------------------------------------------------------------ a creator's own page
urlpatterns += [
    path("creator/storefront/", storefront.storefront_settings, name="storefront_settings"),
    path("creator/storefront/links/", storefront.page_links, name="page_links"),
    path("creator/storefront/qr/", qr.page_qr_page, name="page_qr_page"),
    path("creator/storefront/qr.<str:kind>", qr.page_qr, name="page_qr"),
    path("@<str:handle>/share.png", storefront.share_image, name="share_image"),
    path("@<str:handle>/", storefront.storefront, name="storefront"),
    path("creator/market/", market.market, name="market"),
    path("creator/market/take/", market.link_take, name="link_take"),
]
