"""Seeds of keys that sign: 32 bytes, written in base64url without its padding."""

import base64
import binascii
import secrets

LENGTH = 32


def new() -> str:
    """Return a random seed."""
    return base64.urlsafe_b64encode(secrets.token_bytes(LENGTH)).rstrip(b"=").decode()


def is_one(text: str) -> bool:
    """Say whether a text is 32 bytes in that spelling: a seed, or a public key of Ed25519."""
    try:
        found = base64.urlsafe_b64decode(text.encode("ascii") + b"=")
    except (UnicodeEncodeError, binascii.Error):
        return False
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == text and len(found) == LENGTH
