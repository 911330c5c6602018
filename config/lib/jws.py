"""Documents that anybody can check: JSON Web Signatures with Ed25519 (RFC 7515, 8037).

    seal(payload, seed, kind) -> document       opened(document, keys, kind) -> payload
    jwk(public) -> how a key is published       public_of(jwk) -> the key

A document is the flattened JSON form of a signature, in one spelling only: what is signed are the
exact bytes of the payload, and any byte that differs outside of it is refused as well.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_BYTES = 32_768
PARTS = ["payload", "protected", "signature"]


class BadDocument(Exception):
    """What was given is no document of this form, or not as it was signed."""


class UnknownKey(BadDocument):
    """None of the keys that we were given has signed it."""


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: object) -> bytes:
    """Return the bytes of base64url without padding. Raises BadDocument for any other spelling."""
    if not isinstance(text, str):
        raise BadDocument("no base64url")
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error, ValueError) as error:
        raise BadDocument("no base64url") from error
    if b64(data) != text:
        raise BadDocument("base64url in another spelling")
    return data


def canonical(value: object) -> bytes:
    """Return JSON in the one spelling that we write: sorted, without spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def plain(data: bytes) -> object:
    """Return the value of a JSON text; a key twice, or no JSON, raises BadDocument."""
    try:
        return json.loads(data, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadDocument("no JSON") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({name for name, _value in pairs}) < len(pairs):
        raise BadDocument("a key stands twice")
    return dict(pairs)


def _no_constant(name: str) -> object:
    raise BadDocument(f"{name} is no number")


# ------------------------------------------------------------ keys


def private(seed: str) -> Ed25519PrivateKey:
    """Return the key of a seed in base64url. Raises ValueError unless it is 32 bytes."""
    try:
        return Ed25519PrivateKey.from_private_bytes(unb64(seed))
    except BadDocument as error:
        raise ValueError("the seed is no base64url") from error


def jwk(public: Ed25519PublicKey) -> dict[str, str]:
    """Return a public key as others read it; its id is the thumbprint of RFC 7638."""
    named = {"crv": "Ed25519", "kty": "OKP", "x": b64(public.public_bytes_raw())}
    return named | {"alg": "EdDSA", "kid": b64(hashlib.sha256(canonical(named)).digest())}


def public_of(key: object) -> Ed25519PublicKey:
    """Return the key that a JWK names. Raises BadDocument for any other kind of key."""
    if not isinstance(key, dict) or (key.get("kty"), key.get("crv")) != ("OKP", "Ed25519"):
        raise BadDocument("not a key of Ed25519")
    try:
        return Ed25519PublicKey.from_public_bytes(unb64(key.get("x")))
    except ValueError as error:
        raise BadDocument("not a key of Ed25519") from error


# ------------------------------------------------------------ documents


def seal(payload: bytes, seed: str, kind: str) -> bytes:
    """Return `payload` signed, as a document of `kind` (what it is, so that no other passes for it)."""
    key = private(seed)
    header = {"alg": "EdDSA", "kid": jwk(key.public_key())["kid"], "typ": kind}
    protected, body = b64(canonical(header)), b64(payload)
    signature = key.sign(f"{protected}.{body}".encode())
    return canonical({"payload": body, "protected": protected, "signature": b64(signature)})


def key_id(document: bytes) -> str:
    """Return which key a document says it was signed with."""
    return str(_parts(document)[0]["kid"])


def content(document: bytes) -> bytes:
    """Return the payload of a document whose signature nobody has looked at yet."""
    return unb64(_parts(document)[1])


def opened(
    document: bytes, keys: Mapping[str, Ed25519PublicKey], kind: str, most: int = MAX_BYTES
) -> bytes:
    """Return the payload of a document signed by one of `keys` (by id). Raises BadDocument."""
    header, payload, protected, signature = _parts(document, most)
    if header["typ"] != kind:
        raise BadDocument(f"a {header['typ']}, not a {kind}")
    if (key := keys.get(str(header["kid"]))) is None:
        raise UnknownKey(str(header["kid"]))
    try:
        key.verify(signature, f"{protected}.{payload}".encode())
    except InvalidSignature as error:
        raise BadDocument("the signature is not that of these bytes") from error
    return unb64(payload)


def _parts(document: bytes, most: int = MAX_BYTES) -> tuple[dict[str, object], str, str, bytes]:
    if len(document) > most:
        raise BadDocument("too long")
    outer = plain(document)
    if not isinstance(outer, dict) or sorted(outer) != PARTS or canonical(outer) != document:
        raise BadDocument("not in the form of a signed document")
    header = plain(unb64(outer["protected"]))
    if (
        not isinstance(header, dict)
        or sorted(header) != ["alg", "kid", "typ"]
        or header["alg"] != "EdDSA"
        or canonical(header) != unb64(outer["protected"])
    ):
        raise BadDocument("another kind of signature")
    payload, protected = outer["payload"], outer["protected"]
    unb64(payload)
    return header, str(payload), str(protected), unb64(outer["signature"])
