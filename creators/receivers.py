"""What follows a decision: its mail."""

from django.dispatch import receiver

from creators import tasks
from creators.signals import decided


@receiver(decided)
def mail_the_decision(sender, creator_id: int, **kwargs) -> None:
    tasks.mail_decision.delay(creator_id)
