"""Numbers, money and yes or no as people write them; the decimal sign is told by the column."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

_SPACES = str.maketrans(dict.fromkeys(" \u00a0\u202f\u2009'\u2019"))
_DIGITS = re.compile(r"[\d.,]*\d[\d.,]*")
_PLAIN = re.compile(r"\d+")
_GROUPED = {
    ",": re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}"),
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+"),
}


class DecimalSign(StrEnum):
    """What stands before the decimals."""

    POINT = "point"
    COMMA = "comma"

    @property
    def character(self) -> str:
        """As it is written."""
        return "." if self is DecimalSign.POINT else ","


class SignEvidence:
    """What the numbers of a column say of their decimal sign."""

    def __init__(self) -> None:
        self.point = 0
        self.comma = 0
        self.open = 0

    def look(self, text: str) -> None:
        """Take a cell into account, if it is such a number."""
        digits = _bare(text)[1]
        signs = {sign for sign in digits if sign in ",."}
        if not signs:
            return
        sign = _decimal_sign(digits)
        if sign is None:
            self.open += 1
        elif sign == "." or (sign == "" and "," in signs):
            self.point += 1
        else:
            self.comma += 1

    @property
    def sign(self) -> DecimalSign | None:
        """What it comes to; None when the numbers do not say, or contradict each other."""
        if self.point and not self.comma:
            return DecimalSign.POINT
        if self.comma and not self.point:
            return DecimalSign.COMMA
        return None

    @property
    def is_undecided(self) -> bool:
        """Whether somebody has to say which it is."""
        return self.sign is None and bool(self.open)


def parse_number(text: str, sign: DecimalSign | None) -> Decimal:
    """The number; ValueError says why it is none."""
    negative, digits = _bare(text)
    if _PLAIN.fullmatch(digits):
        return Decimal(f"-{digits}" if negative else digits)
    if not _DIGITS.fullmatch(digits):
        raise ValueError("is no number")
    written = _decimal_sign(digits)
    if written is None:
        if sign is None:
            raise ValueError("could be two numbers: say whether point or comma is decimal")
        written = sign.character
    elif written and sign is not None and written != sign.character:
        raise ValueError(f"does not fit the column, whose decimal sign is the {sign.value}")
    whole, _, decimals = digits.partition(written) if written else (digits, "", "")
    other = "," if written == "." else "."
    thousands = other if written else ("," if "," in digits else ".")
    if thousands in whole:
        if not _GROUPED[thousands].fullmatch(whole):
            raise ValueError("is no number")
        whole = whole.replace(thousands, "")
    try:
        value = Decimal(f"{whole or 0}.{decimals or 0}")
    except InvalidOperation:
        raise ValueError("is no number") from None
    if not value.is_finite() or not (whole + decimals).isdigit() or len(whole) > 30:
        raise ValueError("is no number")
    return -value if negative else value


def _bare(text: str) -> tuple[bool, str]:
    text = text.strip().translate(_SPACES)
    if text.startswith("(") and text.endswith(")"):
        return True, text[1:-1]
    if text[:1] in "-\u2212+" and text:
        return text[0] != "+", text[1:]
    return False, text


def _decimal_sign(digits: str) -> str | None:
    """The sign before the decimals, "" when there are none, None when it cannot be told."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return "." if digits.rindex(".") > digits.rindex(",") else ","
    if points > 1 or commas > 1:
        return ""
    sign = "." if points else ","
    whole, _, decimals = digits.partition(sign)
    # 1.234 is twelve hundred to one and a little more than one to the other; 0.234 is neither's.
    if len(decimals) == 3 and 1 <= len(whole) <= 3 and whole != "0":
        return None
    return sign


# --- Money -------------------------------------------------------------------

_SYMBOLS = {
    "€": "EUR",
    "£": "GBP",
    "₽": "RUB",
    "₹": "INR",
    "zł": "PLN",
    "Kč": "CZK",
    "₺": "TRY",
    "₴": "UAH",
    "₩": "KRW",
    "US$": "USD",
    "A$": "AUD",
    "C$": "CAD",
    "R$": "BRL",
    "руб": "RUB",
    "руб.": "RUB",
}
_DOLLARS = frozenset("USD CAD AUD NZD SGD HKD MXN ARS CLP COP".split())
_UNCLEAR = {
    "$": _DOLLARS,
    "¥": frozenset({"JPY", "CNY"}),
    "kr": frozenset("SEK NOK DKK ISK".split()),
}
_MONEY = re.compile(
    r"([^\d\s.,()+\u2212-]*)\s*([(+\u2212-]?[\d\s.,'\u2019]*\d\)?)(?:,-)?\s*([^\d\s]*)"
)


class Money(NamedTuple):
    """An amount and the currency that stands with it, if one does."""

    amount: Decimal
    currency: str | None


def parse_money(
    text: str, sign: DecimalSign | None, currency: str | None, known: Callable[[str], str | None]
) -> Money:
    """The amount; `currency` is that of the column or the file, `known` finds a code."""
    found = _MONEY.fullmatch(text.strip())
    if found is None:
        raise ValueError("is no amount of money")
    marks = [mark for mark in (found[1], found[3]) if mark]
    if len(marks) > 1:
        raise ValueError("is no amount of money")
    told = _currency_of(marks[0], currency, known) if marks else currency
    return Money(parse_number(found[2], sign), told)


def _currency_of(mark: str, expected: str | None, known: Callable[[str], str | None]) -> str:
    if mark in _SYMBOLS:
        return _SYMBOLS[mark]
    if mark in _UNCLEAR:
        if expected in _UNCLEAR[mark]:
            return str(expected)
        raise ValueError(f"says {mark}, which several currencies are: map or set the currency")
    code = known(mark.rstrip("."))
    if code is None:
        raise ValueError(f"says {mark[:20]}, which is no currency known here")
    return code


def minor_units(amount: Decimal, digits: int) -> int:
    """In units of the smallest coin; ValueError when it does not come out even."""
    minor = amount.scaleb(digits)
    if minor != minor.to_integral_value():
        raise ValueError(f"has more than {digits} decimals")
    return int(minor)


# --- Yes and no --------------------------------------------------------------

_TRUTHS = {
    **dict.fromkeys(
        "true yes y on 1 x ja j wahr oui vrai o si sí s verdadero да истина".split(), True
    ),
    **dict.fromkeys("false no n off 0 nein falsch non faux falso нет ложь".split(), False),
}


def parse_truth(text: str) -> bool:
    """Yes or no in one of several languages."""
    found = _TRUTHS.get(text.strip().casefold())
    if found is None:
        raise ValueError("is neither yes nor no")
    return found
