"""The quick signer signs and believes exactly what Django's does."""

import pytest
from django.core.signing import BadSignature, Signer
from hypothesis import given
from hypothesis import strategies as st

from config.lib.signing import QuickSigner

WAY = {"key": "k" * 50, "fallback_keys": ("before" * 9,), "salt": "affiliates.touches"}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_its_signatures_are_djangos(value):
    quick, plain = QuickSigner(**WAY), Signer(**WAY)
    assert quick.sign(value) == plain.sign(value)
    assert quick.unsign(plain.sign(value)) == value


def test_what_a_key_of_before_signed_is_believed_and_no_more():
    quick = QuickSigner(**WAY)
    assert quick.unsign(Signer(key="before" * 9, salt=WAY["salt"]).sign("a")) == "a"
    for other in (Signer(key="x" * 50, salt=WAY["salt"]), Signer(key=WAY["key"], salt="other")):
        with pytest.raises(BadSignature):
            quick.unsign(other.sign("a"))


def test_another_hash_takes_djangos_way():
    assert QuickSigner(**WAY, algorithm="sha512").sign("a") == Signer(
        **WAY, algorithm="sha512"
    ).sign("a")
