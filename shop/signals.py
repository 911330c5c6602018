"""Facts that travel up from the shop. Sent inside the order's own transaction.

`order_paid(order)`: an order has just become paid.
`order_refunded(order, refund=None, dispute=None)`: line.refunded or line.charged_back of
its lines changed through that refund or dispute (also when a dispute was won).
`order_delivered(brand_order)`: a delivery was reported, corrected or withdrawn; or a
return or a trouble of that part was opened or closed.
`payment_astray(payment)`: a capture that fits no open order was booked, or was sent back.
`money_moved(movement=None, top_up=None)`: a provider took a fee, paid our bank, or a brand
paid in.
`refund_bounced(failure)`: a refund failed, or one that had failed was paid after all.
`payer_known(order)`: which card or account paid an order became known after it was paid.
`sales_close(order)` asks, and the listener answers: until when may what goes back of each
line count? A mapping of line id to moment; a line left out may always.
`currencies_asked()` asks in which currencies the people who sell for a brand can be paid; the
listener answers with a set of codes.
"""

from django.dispatch import Signal

order_paid = Signal()
order_refunded = Signal()
order_delivered = Signal()
payment_astray = Signal()
money_moved = Signal()
payer_known = Signal()
refund_bounced = Signal()
sales_close = Signal()
currencies_asked = Signal()
