"""What a visitor reports to us (EU DSA art. 16)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from creators.models.cases import Case


class Report(models.Model):
    """One person's word about one page of ours; several about the same page share a case."""

    class Ground(models.TextChoices):
        SAFETY = "safety", _("a product that is dangerous or not allowed")
        COUNTERFEIT = "counterfeit", _("a fake, or somebody else's name, design or work")
        HIDDEN_AD = "hidden_ad", _("advertising that does not say so")
        MISLEADING = "misleading", _("claims that are not true")
        FRAUD = "fraud", _("a scam")
        HATE = "hate", _("hate, threats or harassment")
        MINORS = "minors", _("harm to children")
        PRIVACY = "privacy", _("somebody's personal details")
        OTHER = "other", _("something else that is against the law or our terms")

    case = models.ForeignKey(Case, models.PROTECT, related_name="reports")
    ground = models.CharField(max_length=12, choices=Ground)
    text = models.TextField(help_text="why it is wrong, in the reporter's words")
    url = models.CharField(max_length=300, help_text="of the page, without the site")
    name = models.CharField(max_length=100, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=5, choices=settings.LANGUAGES, default="en")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"report {self.pk}: {self.get_ground_display()}"
