"""What this app tells: decisions, and that a creator was let in, or decided on by a person."""

from django.dispatch import Signal

judged = Signal()  # decision_ids, at; sent in the transaction that stores them
decided = Signal()  # creator_id; sent once the decision has been committed
