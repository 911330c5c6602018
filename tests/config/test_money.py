"""Money arithmetic: exact, half up, and parts that sum to the whole."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lib import money

amounts = st.integers(0, 10**12)
rates = st.integers(0, 10_000)


def exact(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("amount", "rate_bp", "expected"),
    [(3, 2000, 1), (15, 1000, 2), (500, 290, 15), (2851, 1200, 342), (1, 1, 0), (0, 8000, 0)],
)
def test_half_up_rounds_the_half_up(amount, rate_bp, expected):
    assert money.half_up(amount, rate_bp) == expected


@given(amounts, rates)
def test_half_up_is_what_decimal_says(amount, rate_bp):
    assert money.half_up(amount, rate_bp) == exact(Decimal(amount) * rate_bp / 10_000)


def test_the_worked_example_of_the_rules():
    gross = 3450
    tax = money.tax_within(gross, 2100)

    assert (gross - tax, money.half_up(gross - tax, 1200)) == (2851, 342)


@given(amounts, st.integers(0, 9_999))
def test_tax_within_is_what_decimal_says(gross, tax_bp):
    expected = exact(Decimal(gross) * tax_bp / (10_000 + tax_bp))

    assert money.tax_within(gross, tax_bp) == expected


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20), st.data())
def test_split_parts_sum_to_the_whole_and_stay_within_their_weight(weights, data):
    amount = data.draw(st.integers(0, sum(weights)))

    parts = money.split(amount, weights)

    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


def test_split_refuses_to_split_something_over_nothing():
    with pytest.raises(ValueError, match="nothing to split"):
        money.split(5, [0, 0])


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("34.50", "EUR", 3450), ("34,5", "EUR", 3450), ("7", "JPY", 7), ("1.234", "KWD", 1234)],
)
def test_parse_knows_the_decimals_of_a_currency(text, currency, minor):
    assert money.parse(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    ["", "-1", "NaN", "Infinity", "1e9", "1_000", "١٢", "１２", "1.234,56", "1.005", "9" * 20],
)
def test_parse_refuses_what_is_no_plain_amount(text):
    with pytest.raises(money.BadAmount):
        money.parse(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1.240,50", "EUR", 124050), ("1,240.50", "EUR", 124050), ("1 240,50", "EUR", 124050),
        ("€ 1.240,50", "EUR", 124050), ("1.240,5 EUR", "EUR", 124050), ("1 240", "EUR", 124000),
        ("1.234.567", "EUR", 123456700), ("1,234,567.8", "EUR", 123456780),
        ("1240,50", "EUR", 124050), ("0,500", "EUR", 50), ("34.50", "EUR", 3450),
        ("1.240", "JPY", 1240), ("1,240", "JPY", 1240), ("1.240,500", "KWD", 1240500),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_dutch_and_english_people_write_it(text, currency, minor):
    assert money.typed(text, currency) == minor


@pytest.mark.parametrize("text", ["1.240", "1,240", "€12,000", "1.245"])
def test_an_amount_with_two_readings_is_asked_about(text):
    with pytest.raises(money.TwoReadings, match="two ways"):
        money.typed(text, "EUR")


@pytest.mark.parametrize(
    "text",
    ["", "1.24,50", "12.34.567", "1.240.50", "1,240,50", "1.240,505", "-1.240,50", "$5", "1e3"],
)
def test_what_nobody_writes_is_no_amount(text):
    with pytest.raises(money.BadAmount):
        money.typed(text, "EUR")


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [
        (124050, "EUR", "en", "€1,240.50"),
        (124050, "EUR", "nl", "€\u00a01.240,50"),
        (-15, "EUR", "en", "−€0.15"),
        (1234, "JPY", "en", "¥1,234"),
        (1234, "KWD", "en", "KWD\u00a01.234"),
    ],
)
def test_display(amount, currency, language, shown):
    assert money.display(amount, currency, language) == shown
