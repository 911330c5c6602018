"""Text that is encrypted at rest: a copy of the database alone does not open it."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


def _vault() -> MultiFernet:
    """Seal with SECRET_KEY; open with it or one of SECRET_KEY_FALLBACKS."""
    keys = [settings.SECRET_KEY, *getattr(settings, "SECRET_KEY_FALLBACKS", [])]
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"sealed:{key}".encode()).digest()))
            for key in keys
        ]
    )


class SealedTextField(models.TextField):
    """Reads and writes plain text, stores Fernet tokens. What no key opens any more reads as ""."""

    def get_prep_value(self, value: str | None) -> str | None:
        value = super().get_prep_value(value)
        return _vault().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: str | None, expression, connection) -> str | None:
        if not value:
            return value
        try:
            return _vault().decrypt(value.encode()).decode()
        except InvalidToken:
            return ""
