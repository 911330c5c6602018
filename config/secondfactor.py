"""Seeds of second factors: sealed in the database, as tax numbers and platform tokens are."""

from allauth.mfa.adapter import DefaultMFAAdapter

from config.lib import sealed


class Adapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return sealed.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the seed; one from before seeds were sealed is there as it is."""
        return sealed.unseal(encrypted_text) or encrypted_text
