"""Dates as people and programs write them; which number is the day is told by the whole column."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum

EARLIEST, LATEST = 1900, 2199

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier janv enero ene янв январь января jaenner jänner",
            "feb february februar fevrier février fevr févr febrero фев февраль февраля",
            "mar march maerz märz mrz mars marzo мар март марта",
            "apr april avril avr abril abr апр апрель апреля",
            "may mai mayo май мая",
            "jun june juni juin junio июн июнь июня",
            "jul july juli juillet juil julio июл июль июля",
            "aug august aout août agosto ago авг август августа",
            "sep sept september septembre septiembre сен сентябрь сентября",
            "oct october oktober okt octobre octubre окт октябрь октября",
            "nov november novembre noviembre ноя ноябрь ноября",
            "dec december dezember dez decembre décembre diciembre dic дек декабрь декабря",
        ),
        1,
    )
    for name in names.split()
}

_NUMERIC = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[T ,]+(.+))?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(.+))?")
_REST = r"(?: г\.?)?(?:[T ,]+(.+))?"
_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:\.|st|nd|rd|th)?[ -](?:de )?([^\W\d_]{3,12})\.?(?:,| de|[ -])?[ ]?(\d{2,4})"
    + _REST
)
_MONTH_FIRST = re.compile(r"([^\W\d_]{3,12})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})" + _REST)
_WORD = re.compile(r"([^\W\d_]{2,12})\.?,? ")
_TIME = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)?(?:\s*\([^)]*\))?"
)


class DateOrder(StrEnum):
    """Which comes first where a date is three numbers, none of them a year of four digits first."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


# By the sign between the numbers: a column may hold dates of several systems.
Orders = Mapping[str, DateOrder]


class OrderEvidence:
    """What the dates of a column that have one sign between the numbers say of their order."""

    def __init__(self) -> None:
        self.day_first = 0
        self.month_first = 0
        self.open = 0

    def look(self, first: int, second: int) -> None:
        """Take a date into account."""
        if first > 12 and second <= 12:
            self.day_first += 1
        elif second > 12 and first <= 12:
            self.month_first += 1
        elif first != second:
            self.open += 1

    @property
    def order(self) -> DateOrder | None:
        """What it comes to; None when the dates do not say, or contradict each other."""
        if self.day_first and not self.month_first:
            return DateOrder.DAY_FIRST
        if self.month_first and not self.day_first:
            return DateOrder.MONTH_FIRST
        return None

    @property
    def is_undecided(self) -> bool:
        """Whether somebody has to say which it is."""
        return self.order is None and bool(self.open or (self.day_first and self.month_first))


class DateEvidence:
    """The same for all signs of a column."""

    def __init__(self) -> None:
        self._by_sign: dict[str, OrderEvidence] = {}

    def look(self, text: str) -> None:
        """Take a cell into account, if it is such a date."""
        found = _NUMERIC.match(text)
        if found is not None and len(found[1]) <= 2:
            evidence = self._by_sign.setdefault(found[2], OrderEvidence())
            evidence.look(int(found[1]), int(found[3]))

    @property
    def orders(self) -> dict[str, DateOrder]:
        """What is settled. With dots the day comes first, unless the dates say otherwise."""
        settled = {sign: found.order for sign, found in self._by_sign.items()}
        if "." in settled and self._by_sign["."].month_first == 0:
            settled["."] = DateOrder.DAY_FIRST
        return {sign: order for sign, order in settled.items() if order is not None}

    @property
    def undecided(self) -> list[str]:
        """The signs of which somebody has to say it."""
        orders = self.orders
        return [s for s, found in self._by_sign.items() if s not in orders and found.is_undecided]


def with_order(found: Orders, told: DateOrder | None) -> dict[str, DateOrder]:
    """What the data settles and what somebody says of the rest; they overrule it but for dots."""
    orders = dict(found)
    if told is not None:
        orders |= {"/": told, "-": told, ".": found.get(".", told)}
    return orders


def parse_date(text: str, orders: Orders) -> date:
    """The day; ValueError says why it is none."""
    day, _ = _parts(text.strip(), orders)
    return day


def parse_instant(text: str, orders: Orders, zone: tzinfo) -> datetime:
    """The instant in UTC; one without a time is midnight, one without a zone is in this one."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) in (10, 13):
        # Seconds or milliseconds since 1970, as programs write them.
        return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
    day, rest = _parts(text, orders)
    at, offset = _time(rest) if rest else (time(), None)
    return datetime.combine(day, at, offset or zone).astimezone(UTC)


def _parts(text: str, orders: Orders) -> tuple[date, str | None]:
    if found := _NUMERIC.fullmatch(text):
        return _numeric(found, orders.get(found[2]))
    if found := _COMPACT.fullmatch(text):
        return _day(int(found[1]), int(found[2]), int(found[3])), found[4]
    word = _WORD.match(text)
    weekday = word is not None and word[1].casefold() not in _MONTHS
    plain = text[word.end() :] if word and weekday else text
    if found := _DAY_FIRST.fullmatch(plain):
        return _day(_year(found[3]), _month(found[2]), int(found[1])), found[4]
    if found := _MONTH_FIRST.fullmatch(plain):
        return _day(_year(found[3]), _month(found[1]), int(found[2])), found[4]
    if text.isdigit() and 4 < len(text) < 7:
        raise ValueError("is a number: format the column as a date before it is exported")
    raise ValueError("is no date")


def _numeric(found: re.Match[str], order: DateOrder | None) -> tuple[date, str | None]:
    first, second, third = found[1], int(found[3]), found[4]
    if len(first) == 4:
        return _day(int(first), second, int(third)), found[5]
    if len(first) == 3 or len(third) not in (2, 4):
        raise ValueError("is no date")
    one = int(first)
    if one == second:
        return _day(_year(third), one, second), found[5]
    if order is None:
        # One reading alone is possible, or else nobody has said which.
        if one > 12 >= second:
            order = DateOrder.DAY_FIRST
        elif second > 12 >= one:
            order = DateOrder.MONTH_FIRST
        else:
            raise ValueError("could be two dates: say whether the day or the month comes first")
    day, month = (one, second) if order is DateOrder.DAY_FIRST else (second, one)
    if month > 12 >= day:
        raise ValueError(f"does not fit the column, which is written {order.value}")
    return _day(_year(third), month, day), found[5]


def _day(year: int, month: int, day: int) -> date:
    if not EARLIEST <= year <= LATEST:
        raise ValueError(f"lies outside of the years {EARLIEST} to {LATEST}")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError("is no day of the calendar") from None


def _year(text: str) -> int:
    """Of two digits: from 1970 to 2069, as POSIX and spreadsheets nearly agree."""
    year = int(text)
    if len(text) == 2:
        return year + (2000 if year < 70 else 1900)
    return year


def _month(name: str) -> int:
    found = _MONTHS.get(name.casefold())
    if found is None:
        raise ValueError("names no month")
    return found


def _time(text: str) -> tuple[time, tzinfo | None]:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError("has no time that can be read")
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if half := found[5]:
        if not 1 <= hour <= 12:
            raise ValueError("has no time that can be read")
        hour = hour % 12 + (12 if half[0] in "Pp" else 0)
    micro = int((found[4] or "0")[:6].ljust(6, "0"))
    try:
        at = time(hour, minute, second, micro)
    except ValueError:
        raise ValueError("has no time of the day") from None
    return at, _offset(found[6]) if found[6] else None


def _offset(text: str) -> timezone:
    if text in ("Z", "UTC", "GMT"):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if away >= timedelta(hours=24):
        raise ValueError("has no zone that can be read")
    return timezone(-away if text[0] == "-" else away)
