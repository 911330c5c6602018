"""Text that is encrypted at rest: a copy of the database alone does not open it."""

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


def _vault() -> MultiFernet:
    """Seal with SECRET_KEY; open with it or one of SECRET_KEY_FALLBACKS."""
    return _vault_of((settings.SECRET_KEY, *getattr(settings, "SECRET_KEY_FALLBACKS", [])))


@lru_cache(maxsize=4)
def _vault_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"sealed:{key}".encode()).digest()))
            for key in keys
        ]
    )


def seal(text: str) -> str:
    """Return `text` as a word that only this site opens; "" stays ""."""
    return _vault().encrypt(text.encode()).decode() if text else ""


def unseal(word: str) -> str:
    """Return what `seal` was given; "" for a word that no key opens any more."""
    try:
        return _vault().decrypt(word.encode()).decode() if word else ""
    except InvalidToken:
        return ""


def is_new(word: str) -> bool:
    """Say whether SECRET_KEY itself sealed a word, or there is none."""
    try:
        return not word or bool(_vault_of((settings.SECRET_KEY,)).decrypt(word.encode()))
    except InvalidToken:
        return False


def anew(word: str) -> str | None:
    """Return what an older key sealed, sealed with SECRET_KEY; None where no key opens it."""
    try:
        return _vault().rotate(word.encode()).decode()
    except InvalidToken:
        return None


class SealedTextField(models.TextField):
    """Reads and writes plain text, stores Fernet tokens. What no key opens any more reads as ""."""

    def get_prep_value(self, value: str | None) -> str | None:
        value = super().get_prep_value(value)
        return seal(value) if value else value

    def from_db_value(self, value: str | None, expression, connection) -> str | None:
        return unseal(value) if value else value
