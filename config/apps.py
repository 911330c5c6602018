from django.apps import AppConfig
from django.db.models.signals import post_migrate


class HouseConfig(AppConfig):
    """The house: settings, engines, commands and what every app shares."""

    name = "config"
    verbose_name = "Thousand"

    def ready(self) -> None:
        from config import audit, celery, checks, grants, modelwords, signedin, staff  # noqa: F401

        modelwords.mark()
        post_migrate.connect(grants.after_migrate, dispatch_uid="config.grants")
        post_migrate.connect(staff.after_migrate, dispatch_uid="config.staff")
