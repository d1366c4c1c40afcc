"""From one cell to a value of its field: each parser raises ValueError, which says why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.errors import Invalid
from app.domain.intake.formulas import MARK, restore
from app.domain.intake.import_dates import DateOrder, parse_date, parse_instant, with_order
from app.domain.intake.import_fields import Target, ValueType
from app.domain.intake.import_numbers import (
    DecimalSign,
    parse_money,
    parse_number,
    parse_truth,
)
from app.domain.intake.mapping import as_text
from app.domain.leads.custom_fields import CustomField, FieldType, check_values

Parse = Callable[[Any], Any]
_MOST = {"employee_count": 2_000_000_000, "annual_revenue_minor": 10**15}


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a workspace has and a library knows, as far as cells name it."""

    email: Callable[[str], str | None]
    phone: Callable[[str], str | None]
    currency: Callable[[str], str | None]
    currency_digits: Callable[[str], int]
    custom_fields: Mapping[str, CustomField]
    campaigns: Mapping[str, UUID]
    owners: Mapping[str, UUID]
    teams: Mapping[str, UUID]
    zone: tzinfo
    default_currency: str
    default_country: str | None
    now: datetime


class CellParsers:
    """Parsers for the columns of one file."""

    def __init__(
        self, known: Known, options: Mapping[str, Any], sights: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._known = known
        self._options = options
        self._sights = sights

    def _text_of(self, longest: int) -> Callable[[Any], str | None]:
        return _text_of(longest, restoring=self._options.get("formulas") != "keep")

    def parser(self, target: Target, rule: Mapping[str, Any]) -> Parse:
        """What reads the cells of the rule's column."""
        if target.name.startswith("custom."):
            declared = self._known.custom_fields[target.name.removeprefix("custom.")]
            return self._custom(declared, rule)
        known, text = self._known, self._text_of(target.longest)
        if target.type in (ValueType.DATE, ValueType.INSTANT):
            return self._dated(target.type, rule)
        if target.type in (ValueType.INTEGER, ValueType.MONEY):
            return self._counted(target, rule)
        plain: dict[ValueType, Parse] = {
            ValueType.EMAIL: _checked(text, known.email, "is no e-mail address"),
            ValueType.PHONE: _checked(text, known.phone, "is no phone number"),
            ValueType.CURRENCY: _mapped(text, known.currency, "is no currency code"),
            ValueType.CAMPAIGN: _named(text, known.campaigns, "campaign"),
            ValueType.OWNER: _named(text, known.owners, "user"),
            ValueType.TEAM: _named(text, known.teams, "team"),
            ValueType.ID: _mapped(text, _uuid, "is no id of a lead here"),
            ValueType.TOKEN: _mapped(text, _token, _NO_TOKEN),
        }
        return plain.get(target.type, text)

    def _dated(self, kind: ValueType, rule: Mapping[str, Any]) -> Parse:
        told = rule.get("date_order") or self._options.get("date_order")
        found = self._sights[rule["column"]]["date_order"]
        settled = {sign: DateOrder(order) for sign, order in found.items()}
        orders = with_order(settled, DateOrder(told) if told else None)
        zone_name = rule.get("time_zone") or self._options.get("time_zone")
        zone = ZoneInfo(zone_name) if zone_name else self._known.zone

        def instant(cell: Any) -> datetime | None:
            if isinstance(cell, date):
                at = cell if isinstance(cell, datetime) else datetime.combine(cell, time())
                return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
            text = as_text(cell).strip()
            return parse_instant(text, orders, zone) if text else None

        def past(cell: Any) -> datetime | None:
            at = instant(cell)
            if at is not None and at > self._known.now + timedelta(days=1):
                raise ValueError("lies in the future")
            return at

        def day(cell: Any) -> str | None:
            if isinstance(cell, date):
                return cell.isoformat()[:10]
            text = as_text(cell).strip()
            return parse_date(text, orders).isoformat() if text else None

        return past if kind is ValueType.INSTANT else day

    def _counted(self, target: Target, rule: Mapping[str, Any]) -> Parse:
        sign = self._sign(rule)
        currency = rule.get("currency") or self._options.get("currency")
        known = self._known

        def whole(cell: Any) -> int | None:
            text = as_text(cell).strip()
            if not text:
                return None
            # People write 1.000 for a thousand employees; there is no part of one.
            number = parse_number(text, sign or DecimalSign.COMMA if "." in text else sign)
            if number != number.to_integral_value():
                raise ValueError("is no whole number")
            if not 0 <= number <= _MOST[target.name]:
                raise ValueError(f"is not a number from 0 to {_MOST[target.name]}")
            return int(number)

        def money(cell: Any) -> Any:
            if isinstance(cell, int | float) and not isinstance(cell, bool):
                cell = str(Decimal(str(cell)))
                return parse_money(cell, DecimalSign.POINT, currency, known.currency)
            text = as_text(cell).strip()
            return parse_money(text, sign, currency, known.currency) if text else None

        return money if target.type is ValueType.MONEY else whole

    def _sign(self, rule: Mapping[str, Any]) -> DecimalSign | None:
        told = rule.get("decimal") or self._options.get("decimal")
        found = told or self._sights[rule["column"]]["decimal"]
        return DecimalSign(found) if found else None

    def _custom(self, declared: CustomField, rule: Mapping[str, Any]) -> Parse:
        text = self._text_of(10_000)
        sign = self._sign(rule)
        day = self._dated(ValueType.DATE, rule)

        def value(cell: Any) -> Any:
            given = text(cell)
            if given is None:
                return None
            match declared.type:
                case FieldType.NUMBER:
                    number = given if isinstance(cell, str) else str(cell)
                    read = parse_number(
                        number, sign if isinstance(cell, str) else DecimalSign.POINT
                    )
                    return int(read) if read == read.to_integral_value() else float(read)
                case FieldType.BOOLEAN:
                    return cell if isinstance(cell, bool) else parse_truth(given)
                case FieldType.DATE:
                    return day(cell)
                case FieldType.CHOICE:
                    folded = {choice.casefold(): choice for choice in declared.choices}
                    return folded.get(given.casefold(), given)
            return given

        def fitting(cell: Any) -> Any:
            made = value(cell)
            try:
                check_values({declared.key: made}, {declared.key: declared}, complete=False)
            except Invalid as error:
                raise ValueError(error.errors[0].detail) from None
            return made

        return fitting


UNSTORABLE = "holds characters that are no text in the file's encoding, or NUL"


def _text_of(longest: int, *, restoring: bool) -> Callable[[Any], str | None]:
    def text(cell: Any) -> str | None:
        found = cell.strip() if type(cell) is str else as_text(cell)
        if not found:
            return None
        if not found.isascii() or "\x00" in found:
            _check_storable(found)
        if restoring and found[0] == MARK:
            found = restore(found).strip()
        if len(found) > longest:
            raise ValueError(f"has {len(found):,} characters, {longest:,} fit")
        return found

    return text


def _check_storable(text: str) -> None:
    if "\x00" in text:
        raise ValueError(UNSTORABLE)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(UNSTORABLE) from None


def _checked(
    text: Callable[[Any], str | None], normal: Callable[[str], str | None], detail: str
) -> Parse:
    def value(cell: Any) -> str | None:
        found = text(cell)
        if found is not None and normal(found) is None:
            raise ValueError(detail)
        return found

    return value


def _mapped(text: Callable[[Any], str | None], find: Callable[[str], Any], detail: str) -> Parse:
    def value(cell: Any) -> Any:
        given = text(cell)
        if given is None:
            return None
        found = find(given)
        if found is None:
            raise ValueError(detail)
        return found

    return value


def _named(text: Callable[[Any], str | None], known: Mapping[str, UUID], noun: str) -> Parse:
    detail = f"names no {noun} of this workspace"
    return _mapped(text, lambda name: known.get(name.casefold()), detail)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


_NO_TOKEN = "is no kind: a word of a-z, 0-9 and _ is, such as email_opened"  # noqa: S105


def _token(text: str) -> str | None:
    """A word such as `form_submitted` of what people call it."""
    word = "_".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())
    return word if word.isascii() and word[:1].isalpha() and len(word) <= 50 else None
