"""Shops that keep the stock of what is sold here: one client per kind of shop.

`client(room)` speaks `base.Client`. Each call raises NoAnswer (it may work later) or Refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from shop.models import Stockroom
from shop.ownshops import BadBody, words
from shop.stockrooms import shopify, woocommerce
from shop.stockrooms.base import Client, NoAnswer, Refused

logger = logging.getLogger(__name__)
CLIENTS: dict[str, type[Client]] = {
    "shopify": shopify.Shopify,
    "woocommerce": woocommerce.WooCommerce,
}

__all__ = ["CLIENTS", "Client", "NoAnswer", "Refused", "client", "safely"]


def client(room: Stockroom) -> Client:
    return CLIENTS[room.integration.provider](room)


def safely(ask: Callable[..., Any], *args: object) -> Any:
    """Call a client; an answer of another shape than documented is no answer. Raises NoAnswer."""
    try:
        return ask(*args)
    except (
        AttributeError, BadBody, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError,
    ) as error:  # fmt: skip
        logger.warning("a shop answered in a shape that we do not know", exc_info=error)
        raise NoAnswer(words.note("no_json")) from error
