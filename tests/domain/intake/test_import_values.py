"""Dates, numbers and money of exports: read as they were meant, or refused; never guessed."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.intake.import_dates import (
    DateEvidence,
    DateOrder,
    parse_date,
    parse_instant,
    with_order,
)
from app.domain.intake.import_fields import ImportKind
from app.domain.intake.import_mapping import ColumnSight, suggest
from app.domain.intake.import_numbers import (
    DecimalSign,
    SignEvidence,
    minor_units,
    parse_money,
    parse_number,
    parse_truth,
)

MARCH = datetime(2024, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-12",
        "2024/03/12",
        "20240312",
        "12.03.2024",
        "12.3.24",
        "12 Mar 2024",
        "12-Mar-24",
        "March 12, 2024",
        "Tuesday, March 12, 2024",
        "Tue, 12 Mar 2024 00:00:00 GMT",
        "12. März 2024",
        "12 mars 2024",
        "12 de marzo de 2024",
        "12 марта 2024 г.",
        "2024-03-12T01:00:00+01:00",
        "1710201600000",
    ],
)
def test_ways_to_write_an_instant(text: str) -> None:
    orders = {".": DateOrder.DAY_FIRST}
    assert parse_instant(text, orders, UTC) == MARCH


@pytest.mark.parametrize(
    "text", ["31.02.2024", "2024-13-01", "gestern", "45363", "0000-00-00", "12", "1/2/3"]
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_date(text, {".": DateOrder.DAY_FIRST, "/": DateOrder.DAY_FIRST})


def test_a_date_that_could_be_two_is_refused() -> None:
    with pytest.raises(ValueError, match="could be two dates"):
        parse_date("03/04/2024", {})
    assert parse_date("03/04/2024", with_order({}, DateOrder.MONTH_FIRST)) == date(2024, 3, 4)
    with pytest.raises(ValueError, match="does not fit the column"):
        parse_date("25/12/2024", with_order({}, DateOrder.MONTH_FIRST))


@given(
    days=st.lists(st.dates(date(1950, 1, 1), date(2060, 1, 1)), min_size=1, max_size=20),
    order=st.sampled_from(DateOrder),
)
def test_what_a_column_tells_of_its_order_is_true(days: list[date], order: DateOrder) -> None:
    first, second = ("%d", "%m") if order is DateOrder.DAY_FIRST else ("%m", "%d")
    written = [day.strftime(f"{first}/{second}/%Y") for day in days]
    evidence = DateEvidence()
    for text in written:
        evidence.look(text)
    if evidence.orders:
        assert [parse_date(text, evidence.orders) for text in written] == days
    else:
        ambiguous = any(day.day != day.month for day in days)
        assert bool(evidence.undecided) == ambiguous


@given(
    cents=st.integers(0, 10**12),
    sign=st.sampled_from(DecimalSign),
    thousands=st.booleans(),
)
def test_a_number_is_read_as_it_was_written(cents: int, sign: DecimalSign, thousands: bool) -> None:
    amount = Decimal(cents).scaleb(-2)
    text = f"{amount:,.2f}" if thousands else f"{amount:.2f}"
    if sign is DecimalSign.COMMA:
        text = text.translate(str.maketrans(",.", ".,"))
    assert parse_number(text, sign) == amount
    evidence = SignEvidence()
    evidence.look(text)
    assert evidence.sign is sign


def test_a_number_that_could_be_two_is_refused() -> None:
    with pytest.raises(ValueError, match="could be two numbers"):
        parse_number("1.234", None)
    assert parse_number("1.234", DecimalSign.COMMA) == 1234


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("€ 1.234,56", "1234.56", "EUR"),
        ("1,234.56 USD", "1234.56", "USD"),
        ("$1,200.00", "1200", "USD"),
        ("1000,- €", "1000", "EUR"),
        ("1 234,50 руб.", "1234.50", "RUB"),
    ],
)
def test_money(text: str, amount: str, currency: str) -> None:
    found = parse_money(text, None, "USD", lambda code: code if code.isupper() else None)
    assert found == (Decimal(amount), currency)


def test_money_that_is_unclear_is_refused() -> None:
    for text in ("$5.00", "12 k", "5 EUR USD"):
        with pytest.raises(ValueError, match=r"\w"):
            parse_money(text, None, "EUR", lambda _: None)
    with pytest.raises(ValueError, match="decimals"):
        minor_units(Decimal("1.005"), 2)


def test_yes_and_no() -> None:
    assert [parse_truth(t) for t in ("Ja", "no", "OUI", "нет", "1")] == [
        True,
        False,
        True,
        False,
        True,
    ]
    with pytest.raises(ValueError, match="neither"):
        parse_truth("maybe")


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Lead Source", "source"),
        ("hs_object_id", "external_id"),
        ("Person - Email", "email"),
        ("emailaddress1", "email"),
        ("partner_name", "company"),
        ("NumberOfEmployees", "employee_count"),
        ("Prénom", "first_name"),
        ("Correo electrónico", "email"),
        ("Телефон", "phone"),
        ("PLZ", "postal_code"),
        ("Create Date", "created_at"),
        ("Contact E-Mail (work)", "email"),
        ("Favourite colour", None),
    ],
)
def test_headers_of_other_systems(header: str, field: str | None) -> None:
    [found] = suggest([ColumnSight(header)], ImportKind.LEADS, {})
    assert found.to == field


def test_values_speak_where_headers_do_not() -> None:
    column = ColumnSight("Spalte 7")
    for text in ("ada@example.com", "bo@example.com"):
        column.look(text)
    [found] = suggest([column], ImportKind.LEADS, {})
    assert (found.to, found.because) == ("email", "values")
