"""One test as SQL: where its value stands, and how it is compared."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Numeric,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    collate,
    func,
    literal,
    or_,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.condition_texts import BLANKS
from app.domain.condition_types import DAY_TEXT, WITH_SEVERAL, Op, ValueType
from app.domain.conditions import Field, Term

TYPES: dict[ValueType, Any] = {
    ValueType.TEXT: Text(),
    ValueType.CODE: Text(),
    ValueType.CHOICE: Text(),
    ValueType.INTEGER: BigInteger(),
    ValueType.NUMBER: Numeric(),
    ValueType.BOOLEAN: Boolean(),
    ValueType.INSTANT: DateTime(timezone=True),
    ValueType.DAY: Date(),
    ValueType.ID: Uuid(),
    ValueType.LIST: Text(),
    ValueType.SET: Uuid(),
    ValueType.LEVEL: BigInteger(),
    ValueType.ANY: Text(),
    ValueType.OBJECT: Text(),
}


class Names:
    """The parameters of one test, by its number."""

    def __init__(self, prefix: str, number: int) -> None:
        self.prefix = prefix
        self.key, self.kinds, self.days, self.since, self.since_kinds = (
            f"{prefix}_{number}_{what}" for what in ("key", "kinds", "days", "since", "since_kinds")
        )
        self.value, self.low, self.high, self.least_key, self.least_fit = (
            f"{prefix}_{number}_{what}"
            for what in ("value", "low", "high", "least_key", "least_fit")
        )

    def of_all(self, what: str) -> str:
        """A parameter that all tests of the condition share."""
        return f"{self.prefix}_{what}"


def column_value(field: Field, table: FromClause, names: Names) -> ColumnElement[Any]:
    """What the row has in a column, or under a key of it."""
    column = table.c[field.column]
    return column if field.key is None else _under_key(field, column, names)


def test_of(test: Term, value: ColumnElement[Any], names: Names) -> ColumnElement[bool]:
    """The comparison of a value with the parameters of the test."""
    field, op = test.field, test.op
    if op is Op.IS_NULL:
        return value.is_(None)
    if op is Op.IS_NOT_NULL:
        return value.is_not(None)
    if op in (Op.IS_EMPTY, Op.IS_NOT_EMPTY):
        return _emptiness(field, value, empty=op is Op.IS_EMPTY)
    kind: Any = TYPES[field.type]
    if field.type is ValueType.DAY and field.key is not None:
        kind = Text()
    if op in (Op.BETWEEN, Op.WITHIN_DAYS):
        low, high = bindparam(names.low, type_=kind), bindparam(names.high, type_=kind)
        return (value >= low) & (value <= high)
    wanted = bindparam(names.value, type_=ARRAY(kind) if op in WITH_SEVERAL else kind)
    if field.type is ValueType.LIST:
        return _OF_LISTS[op](value, wanted)
    if field.type is ValueType.TEXT:
        value = _folded(value, names)
    if op in (Op.HAS_WORD, Op.HAS_ANY_WORD):
        value = _in_words(value, names)
    return _COMPARISONS[op](value, wanted)


_Comparison = Callable[[Any, Any], ColumnElement[bool]]

_COMPARISONS: dict[Op, _Comparison] = {
    Op.EQ: lambda value, wanted: value == wanted,
    Op.NE: lambda value, wanted: value != wanted,
    Op.IN: lambda value, wanted: value == func.any(wanted),
    Op.NOT_IN: lambda value, wanted: value != func.all(wanted),
    Op.LT: lambda value, wanted: value < wanted,
    Op.LTE: lambda value, wanted: value <= wanted,
    Op.GT: lambda value, wanted: value > wanted,
    Op.GTE: lambda value, wanted: value >= wanted,
    Op.CONTAINS: lambda value, wanted: func.strpos(value, wanted) > 0,
    Op.NOT_CONTAINS: lambda value, wanted: func.strpos(value, wanted) == 0,
    Op.CONTAINS_ANY: lambda value, wanted: value.op("LIKE")(func.any(wanted)),
    Op.STARTS_WITH: func.starts_with,
    Op.ENDS_WITH: lambda value, wanted: func.right(value, func.char_length(wanted)) == wanted,
    Op.HAS_WORD: lambda value, wanted: func.strpos(value, wanted) > 0,
    Op.HAS_ANY_WORD: lambda value, wanted: value.op("LIKE")(func.any(wanted)),
}
_OF_LISTS: dict[Op, _Comparison] = {
    Op.CONTAINS: func.jsonb_exists,
    Op.NOT_CONTAINS: lambda value, wanted: ~func.jsonb_exists(value, wanted),
    Op.CONTAINS_ANY: func.jsonb_exists_any,
}


def _patterns(texts: tuple[str, ...]) -> tuple[str, ...]:
    escaped = (t.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for t in texts)
    return tuple(f"%{text}%" for text in escaped)


# How texts are handed over of which one has to be part of the value.
LISTED: dict[Op, Callable[[tuple[str, ...]], tuple[str, ...]]] = {
    Op.CONTAINS_ANY: _patterns,
    Op.HAS_ANY_WORD: _patterns,
}


def _emptiness(field: Field, value: ColumnElement[Any], *, empty: bool) -> ColumnElement[bool]:
    nothing: ColumnElement[bool]
    if field.type is ValueType.LIST:
        nothing = value == cast(literal("[]", Text()), JSONB)
    else:
        nothing = func.btrim(value, literal(BLANKS, Text())) == literal("", Text())
    return or_(value.is_(None), nothing) if empty else ~nothing


def _under_key(field: Field, column: Any, names: Names) -> ColumnElement[Any]:
    """What stands under a key of a JSON column; null where it is of another type."""
    if isinstance(field.key, str):
        key = bindparam(names.key, type_=Text())
        inner, text = column.op("->")(key), column.op("->>")(key)
    else:
        path = bindparam(names.key, type_=ARRAY(Text()))
        inner, text = column.op("#>")(path), column.op("#>>")(path)
    kind = func.jsonb_typeof(inner)
    match field.type:
        case ValueType.ANY:
            return cast(text, Text)
        case ValueType.NUMBER:
            return case((kind == "number", cast(text, Numeric)))
        case ValueType.BOOLEAN:
            return case((kind == "boolean", cast(text, Boolean)))
        case ValueType.DAY:
            # In the order of their characters, which is that of the days.
            day = func.regexp_like(text, f"^{DAY_TEXT.pattern}$")
            return case(((kind == "string") & day, collate(cast(text, Text), "C")))
        case _:
            return case((kind == "string", cast(text, Text)))


def _folded(value: ColumnElement[Any], names: Names) -> ColumnElement[Any]:
    """In small letters, as the domain has it: `lower` by the rules of C sees ASCII only."""
    lowered = func.lower(collate(value, "C"))
    # translate() looks every character up in a list, and most texts have none that is in it.
    plain = func.octet_length(value) == func.char_length(value)
    return case((plain, lowered), else_=_translated(lowered, names.prefix, "capitals", "smalls"))


def _in_words(value: ColumnElement[Any], names: Names) -> ColumnElement[Any]:
    """With one space before and after each word."""
    parted = _translated(value, names.prefix, "parting", "parted")
    return func.regexp_replace(func.concat(" ", parted, " "), " +", " ", "g")


def _translated(value: Any, prefix: str, these: str, those: str) -> ColumnElement[Any]:
    return func.translate(
        value,
        bindparam(f"{prefix}_{these}", type_=Text()),
        bindparam(f"{prefix}_{those}", type_=Text()),
    )
