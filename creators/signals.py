"""What this app tells: that a creator was let in, or decided on by a person."""

from django.dispatch import Signal

decided = Signal()  # creator_id; sent once the decision has been committed
