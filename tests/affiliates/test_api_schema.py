"""The API against its own description, with whatever schemathesis thinks of."""

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck
from schemathesis import checks
from schemathesis.core.failures import FailureGroup

from affiliates import links, settlement
from affiliates.api import tokens
from shop import integrations
from tests.affiliates.factories import NIGHT_OVER, make_collaboration, make_commission
from tests.affiliates.programs import Program
from tests.creators.factories import make_creator, make_user
from tests.shop.factories import make_brand, make_order, make_variant

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
EXAMPLES = 60
# A body that is well-formed may still be of a product, a shop or a currency that there is not.
MEANING = [checks.positive_data_acceptance]
SOME = hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
def kept_connection():
    """Requests leave the connection open, in whose transaction the test is."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def programs(kept_connection, monkeypatch):
    """A brand and a creator with something of everything, and a program of each."""
    for name in ("PER_MINUTE", "WRONG_PER_MINUTE"):
        monkeypatch.setattr(tokens, name, 1_000_000)
    monkeypatch.setattr("affiliates.api.brand.SEARCHES_PER_MINUTE", 1_000_000)
    now, user = timezone.now(), make_user()
    brand = make_brand(owner=user)
    creator = make_creator(followers=6_000, user=make_user(), at=now)
    links.accept_terms(creator.user, now)
    make_collaboration(brand)
    integrations.connect(brand, "api", "mill.example", days=4, at=now)
    for _ in range(3):
        variant = make_variant(brand=brand)
        make_order((variant, 1))
        links.take(creator, variant.product, platform="tiktok", at=now)
        make_commission(creator)
    settlement.settle(NIGHT_OVER)
    return {"Brand": Program(brand), "Creator": Program(creator), "Both": Program(brand)}


def test_every_operation_does_what_its_description_says(programs):
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    wrong, seen = [], 0
    for result in schema.get_all_operations():
        operation = result.ok()
        program = programs[operation.definition.raw["tags"][0]]
        for mode in schemathesis.GenerationMode:
            seen += 1
            try:
                _try(operation, mode, {"Authorization": f"Bearer {program.word}"})
            except AssertionError as error:
                wrong.append(f"{operation.label} {mode} {error}")
    assert seen >= 36
    assert not wrong, "\n\n".join(wrong)


def _try(operation, mode, headers) -> None:
    try:
        cases = operation.as_strategy(generation_mode=mode)
        cases.validate()
    except schemathesis.errors.InvalidSchema:
        raise
    except Exception as error:  # noqa: BLE001
        if "negative" in str(error).lower() or "negat" in type(error).__name__.lower():
            return  # nothing of this operation can be wrong
        raise

    @SOME
    @hypothesis.given(case=cases)
    def check(case):
        # a parameter without a value is not sent: what arrives is not what was thought of
        hypothesis.assume(all(value not in (None, [], {}) for value in (case.query or {}).values()))
        try:
            case.call_and_validate(headers=headers, excluded_checks=MEANING)
        except FailureGroup as error:
            asked = f"{case.as_curl_command()} {case.query}"
            raise AssertionError("\n".join([*map(str, error.exceptions), asked])) from error

    check()
