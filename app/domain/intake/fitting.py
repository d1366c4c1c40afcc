"""From what strangers type to the fields of a lead: what does not fit is noted, never cut."""

import re
from collections.abc import Mapping
from typing import Any

from app.domain.intake.submissions import Finding

LINE = 500
URL = 4_000
PARAGRAPH = 20_000

# What the intake may fill in. Owner, team, status and scores are not for the public to set.
TEXT_LIMITS = {
    "first_name": LINE,
    "last_name": LINE,
    "full_name": LINE,
    "title": LINE,
    "company": LINE,
    "email": LINE,
    "phone": LINE,
    "website": URL,
    "street": LINE,
    "city": LINE,
    "region": LINE,
    "postal_code": LINE,
    "country": LINE,
    "industry": LINE,
    "currency": 3,
    "language": LINE,
    "description": PARAGRAPH,
    "source": LINE,
}
WHOLE_NUMBERS = {"employee_count": 2_000_000_000, "annual_revenue_minor": 10**15}
LEAD_FIELDS = frozenset(TEXT_LIMITS) | frozenset(WHOLE_NUMBERS)
TELLING = ("first_name", "last_name", "full_name", "company", "email", "phone")

NOBODY_NAMED = Finding(code="empty", detail="it names no person, company, e-mail address or phone")

_DIGITS = re.compile(r"\d{1,3}(?:[ ,.'\u00a0\u202f]\d{3})+|\d+")


def fit(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """The values that a lead can hold, and a note for each that it cannot.

    Names outside LEAD_FIELDS are the caller's to keep out. Blank text counts as not given.
    """
    fields: dict[str, Any] = {}
    notes: list[Finding] = []
    for name, value in values.items():
        try:
            fitted = _fitted(name, value)
        except ValueError as reason:
            notes.append(Finding(code="does_not_fit", detail=str(reason), field=name))
        else:
            if fitted is not None:
                fields[name] = fitted
    return fields, notes


def says_something(fields: Mapping[str, Any]) -> bool:
    """Whether there is anything to know a person or a company by."""
    return any(str(fields.get(name) or "").strip() for name in TELLING)


def _fitted(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in WHOLE_NUMBERS:
        return _whole_number(value, WHOLE_NUMBERS[name])
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("is not text")  # noqa: TRY004 - one reason among several, not a fault
    text = str(value).strip()
    if "\x00" in text:
        raise ValueError("holds the character NUL")
    if len(text) > TEXT_LIMITS[name]:
        raise ValueError(f"has {len(text)} characters, {TEXT_LIMITS[name]} fit")
    if name == "currency" and text and not re.fullmatch("[A-Za-z]{3}", text):
        raise ValueError("is not an ISO 4217 code")
    return (text.upper() if name == "currency" else text) or None


def _whole_number(value: Any, most: int) -> int | None:
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if not _DIGITS.fullmatch(text) or len(text) > 30:
            raise ValueError("is not a whole number")
        value = int(re.sub(r"\D", "", text))
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"is not a whole number from 0 to {most}")
    return int(value)
