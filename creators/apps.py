from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CreatorsConfig(AppConfig):
    name = "creators"
    verbose_name = _("Creators")

    def ready(self) -> None:
        from creators import receivers, reference  # noqa: F401  (receivers connect on import)

        post_migrate.connect(reference.restore, sender=self)
