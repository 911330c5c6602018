from django.apps import AppConfig
from django.db.models.signals import post_migrate


class HouseConfig(AppConfig):
    """The house: settings, engines, commands and what every app shares."""

    name = "config"
    verbose_name = "Thousand"

    def ready(self) -> None:
        from config import celery, checks, grants  # noqa: F401  (tasks find their app; checks register)

        post_migrate.connect(grants.after_migrate, dispatch_uid="config.grants")
