"""Addresses of the shop, for shoppers and for brands."""

from django.conf import settings
from django.urls import path

from shop import webhooks
from shop.views import (
    brand_orders,
    brands,
    cart,
    checkout,
    discounts,
    documents,
    feeds,
    integrations,
    orders,
    pay,
    products,
    recalls,
    returns,
    storefront,
    team,
    terms,
    troubles,
)

app_name = "shop"
BRAND = "brand/<slug:brand_slug>"
ORDER = f"{BRAND}/orders/<int:part_id>"

urlpatterns = [
    path("shop/", storefront.storefront_list, name="storefront_list"),
    path("shop/<slug:brand_slug>/", storefront.brand_page, name="brand_page"),
    path("shop/<slug:brand_slug>/<slug:product_slug>/", storefront.product, name="product"),
    path("terms/", terms.terms_list, name="terms_list"),
    path("terms/<slug:kind>/", terms.terms, name="terms"),
    path("terms/<slug:kind>/<int:version>/", terms.terms, name="terms_version"),
    path("terms/<slug:kind>/<int:version>/changes/", terms.terms_changes, name="terms_changes"),
    path(f"{BRAND}/terms/", terms.brand_terms, name="brand_terms"),
    path("cart/open/<str:token>/", cart.elsewhere, name="elsewhere"),
    path("cart/", cart.cart, name="cart"),
    path("cart/add/", cart.cart_add, name="cart_add"),
    path("cart/update/", cart.cart_update, name="cart_update"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("orders/<str:token>/", orders.order, name="order"),
    path("orders/<str:token>/pay/", orders.order_pay, name="order_pay"),
    path("orders/<str:token>/code/", orders.order_code, name="order_code"),
    path("orders/<str:token>/withdraw/<int:part_id>/", orders.withdraw, name="withdraw"),
    path(
        "orders/<str:token>/invoice/<int:part_id>/", documents.order_invoice, name="order_invoice"
    ),
    path(
        "orders/<str:token>/documents/<int:part_id>/<int:number>/",
        documents.order_document,
        name="order_document",
    ),
    path("orders/<str:token>/returns/<int:return_id>/", returns.return_sent, name="return_sent"),
    path("orders/<str:token>/trouble/<int:part_id>/", troubles.trouble, name="trouble"),
    path(
        "orders/<str:token>/trouble/<int:part_id>/reply/",
        troubles.trouble_reply,
        name="trouble_reply",
    ),
    path("hooks/<slug:provider>/", webhooks.hook, name="hook"),
    path("hooks/<slug:provider>/<int:integration_id>/", webhooks.own_hook, name="own_hook"),
    path("brands/join/", brands.brand_join, name="brand_join"),
    path(f"{BRAND}/settings/delivery/", brands.brand_delivery, name="brand_delivery"),
    path(f"{BRAND}/settings/", brands.brand_settings, name="brand_settings"),
    path(f"{BRAND}/discounts/", discounts.discounts, name="discounts"),
    path(
        f"{BRAND}/discounts/<int:discount_id>/stop/", discounts.discount_stop, name="discount_stop"
    ),
    path(f"{BRAND}/team/", team.team, name="team"),
    path(f"{BRAND}/team/leave/", team.team_leave, name="team_leave"),
    path(f"{BRAND}/team/<int:membership_id>/", team.team_person, name="team_person"),
    path(
        f"{BRAND}/team/invitations/<int:invitation_id>/withdraw/",
        team.team_withdraw,
        name="team_withdraw",
    ),
    path("team/<str:token>/", team.team_join, name="team_join"),
    path(f"{BRAND}/integrations/", integrations.integrations, name="integrations"),
    path(
        f"{BRAND}/integrations/<int:integration_id>/secret/",
        integrations.integration_secret,
        name="integration_secret",
    ),
    path(
        f"{BRAND}/integrations/<int:integration_id>/switch/",
        integrations.integration_switch,
        name="integration_switch",
    ),
    path(
        f"{BRAND}/integrations/events/<int:event_id>/replay/",
        integrations.integration_replay,
        name="integration_replay",
    ),
    path(f"{BRAND}/integrations/stock/", integrations.stock_connect, name="stock_connect"),
    path(f"{BRAND}/integrations/stock/here/", integrations.stock_here, name="stock_here"),
    path(
        f"{BRAND}/integrations/<int:integration_id>/stock/test/",
        integrations.stock_test,
        name="stock_test",
    ),
    path(
        f"{BRAND}/integrations/<int:integration_id>/stock/off/",
        integrations.stock_off,
        name="stock_off",
    ),
    path(
        f"{BRAND}/integrations/pushes/<int:push_id>/again/",
        integrations.push_again,
        name="push_again",
    ),
    path(f"{BRAND}/products/", products.products, name="products"),
    path(f"{BRAND}/products/many/", products.products_many, name="products_many"),
    path(f"{BRAND}/products/new/", products.product_edit, name="product_new"),
    path(f"{BRAND}/products/<int:product_id>/", products.product_edit, name="product_edit"),
    path(f"{BRAND}/products/<int:product_id>/recall/", recalls.recall, name="recall"),
    path(
        f"{BRAND}/products/<int:product_id>/status/", products.product_status, name="product_status"
    ),
    path(f"{BRAND}/feeds/", feeds.feeds, name="feeds"),
    path(f"{BRAND}/feeds/address/", feeds.feed_address, name="feed_address_new"),
    path(f"{BRAND}/feeds/address/<int:feed_id>/", feeds.feed_address, name="feed_address"),
    path(f"{BRAND}/feeds/<int:run_id>/", feeds.feed_run, name="feed_run"),
    path(f"{BRAND}/feeds/<int:run_id>/import/", feeds.feed_apply, name="feed_apply"),
    path(f"{BRAND}/feeds/<int:run_id>/pictures/", feeds.feed_pictures, name="feed_pictures"),
    path(f"{BRAND}/orders/", brand_orders.brand_orders, name="brand_orders"),
    path(f"{ORDER}/", brand_orders.brand_order, name="brand_order"),
    path(f"{ORDER}/invoice/", documents.brand_invoice, name="brand_invoice"),
    path(f"{ORDER}/documents/<int:number>/", documents.brand_document, name="brand_document"),
    path(f"{ORDER}/ship/", brand_orders.brand_order_ship, name="brand_order_ship"),
    path(f"{ORDER}/deliver/", brand_orders.brand_order_deliver, name="brand_order_deliver"),
    path(f"{ORDER}/undo/", returns.brand_order_undo, name="brand_order_undo"),
    path(f"{ORDER}/refund/", brand_orders.brand_order_refund, name="brand_order_refund"),
    path(
        f"{ORDER}/returns/<int:return_id>/",
        returns.brand_order_return,
        name="brand_order_return",
    ),
    path(f"{ORDER}/troubles/", troubles.brand_trouble, name="brand_trouble"),
    path(
        f"{ORDER}/troubles/<int:trouble_id>/picture/",
        troubles.brand_trouble_picture,
        name="brand_trouble_picture",
    ),
]
if settings.DEMO:
    urlpatterns.append(path("pay/fake/<str:reference>/", pay.fake_pay, name="fake_pay"))
