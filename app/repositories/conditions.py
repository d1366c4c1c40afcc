"""Conditions as SQL: the same as `app/domain/conditions.py` says, with every value bound.

SQL knows a third answer, unknown, where a value is missing. Between `all` and `any` unknown does
what false does, and `not` is written `IS NOT true`, which takes unknown for false: so the answers
are those of the domain, and a bare comparison may still use an index.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Numeric,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    collate,
    func,
    or_,
    select,
    true,
)

from app.domain.conditions import (
    CAPITALS,
    DAY_TEXT,
    SMALLS,
    All,
    AnyOf,
    Condition,
    Field,
    Not,
    Op,
    Term,
    ValueType,
    compared,
    counted_since,
    terms_of,
)
from app.repositories.statements import own
from app.repositories.tables.leads import leads
from app.repositories.tables.record import touchpoints

_NOW = "condition_now"

_TYPES: dict[ValueType, Any] = {
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
    ValueType.OBJECT: Text(),
}


def shape_of(condition: Condition) -> Condition:
    """The condition without its values: those of one shape share a statement.

    Shapes are without number, so whoever keeps statements by shape has to bound how many.
    """
    match condition:
        case All(parts):
            return All(tuple(shape_of(part) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(shape_of(part) for part in parts))
        case Not(part):
            return Not(shape_of(part))
        case Term(field, op, _, kind, days):
            key = None if field.key is None else ""
            plain = replace(field, name="", key=key, choices=())
            return Term(plain, op, None, None if kind is None else "", None if days is None else 0)


def values_for(condition: Condition, now: datetime) -> dict[str, Any]:
    """The parameters of the clause that `clause_for` makes of this condition's shape."""
    values: dict[str, Any] = {
        _NOW: now,
        "condition_capitals": CAPITALS,
        "condition_smalls": SMALLS,
    }
    for number, test in enumerate(terms_of(condition)):
        names = _Names(number)
        if test.field.key is not None:
            values[names.key] = test.field.key
        if test.kind is not None:
            values[names.kind] = test.kind
        if test.days is not None:
            values[names.since] = counted_since(test, now)
        if test.op in (Op.IS_NULL, Op.IS_NOT_NULL):
            continue
        wanted = compared(test, now)
        if test.field.type is ValueType.NUMBER:
            # By its shortest spelling, which is how JSON stores it.
            wanted = _decimals(wanted)
        if test.op in (Op.BETWEEN, Op.WITHIN_DAYS):
            values[names.low], values[names.high] = wanted
        else:
            values[names.value] = list(wanted) if isinstance(wanted, tuple) else wanted
    return values


def clause_for(shape: Condition, table: Table) -> ColumnElement[bool]:
    """What a WHERE says about rows of the table."""
    return _clause(shape, table, count())


class _Names:
    """The parameters of one test, by its number."""

    def __init__(self, number: int) -> None:
        self.key, self.kind, self.since, self.value, self.low, self.high = (
            f"condition_{number}_{what}"
            for what in ("key", "kind", "since", "value", "low", "high")
        )


def _clause(shape: Condition, table: Table, numbers: Iterator[int]) -> ColumnElement[bool]:
    match shape:
        case All(parts):
            return and_(*[_clause(part, table, numbers) for part in parts])
        case AnyOf(parts):
            return or_(*[_clause(part, table, numbers) for part in parts])
        case Not(part):
            return _clause(part, table, numbers).self_group().is_not(true())
        case _:
            return _test(shape, table, _Names(next(numbers)))


def _test(test: Term, table: Table, names: _Names) -> ColumnElement[bool]:
    field = test.field
    if field.counts_touches:
        value = _touches(test, names)
    elif field.key is None:
        value = table.c[field.column]
    else:
        value = _under_key(field, table.c[field.column], names)
    if test.op is Op.IS_NULL:
        return value.is_(None)
    if test.op is Op.IS_NOT_NULL:
        return value.is_not(None)
    kind: Any = _TYPES[field.type]
    if field.type is ValueType.DAY and field.key is not None:
        kind = Text()
    if test.op in (Op.BETWEEN, Op.WITHIN_DAYS):
        low, high = bindparam(names.low, type_=kind), bindparam(names.high, type_=kind)
        return and_(value >= low, value <= high)
    if field.type is ValueType.TEXT:
        value = _folded(value)
    listed = test.op in (Op.IN, Op.NOT_IN)
    wanted = bindparam(names.value, type_=ARRAY(kind) if listed else kind)
    return _COMPARISONS[test.op, field.type is ValueType.LIST](value, wanted)


_COMPARISONS: dict[tuple[Op, bool], Callable[[Any, Any], ColumnElement[bool]]] = {
    (Op.EQ, False): lambda value, wanted: value == wanted,
    (Op.NE, False): lambda value, wanted: value != wanted,
    (Op.IN, False): lambda value, wanted: value == func.any(wanted),
    (Op.NOT_IN, False): lambda value, wanted: value != func.all(wanted),
    (Op.LT, False): lambda value, wanted: value < wanted,
    (Op.LTE, False): lambda value, wanted: value <= wanted,
    (Op.GT, False): lambda value, wanted: value > wanted,
    (Op.GTE, False): lambda value, wanted: value >= wanted,
    (Op.CONTAINS, False): lambda value, wanted: func.strpos(value, wanted) > 0,
    (Op.STARTS_WITH, False): func.starts_with,
    (Op.CONTAINS, True): func.jsonb_exists,
}


def _under_key(field: Field, column: Any, names: _Names) -> ColumnElement[Any]:
    """What stands under a key of a JSON column; null where it is of another type."""
    key = bindparam(names.key, type_=Text())
    kind = func.jsonb_typeof(column.op("->")(key))
    text = column.op("->>")(key)
    match field.type:
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


def _folded(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """In small letters, as the domain has it: `lower` by the rules of C sees ASCII only."""
    lowered = func.lower(collate(value, "C"))
    # translate() looks every character up in a list, and most texts have none that is in it.
    plain = func.octet_length(value) == func.char_length(value)
    return case(
        (plain, lowered),
        else_=func.translate(
            lowered,
            bindparam("condition_capitals", type_=Text()),
            bindparam("condition_smalls", type_=Text()),
        ),
    )


def _touches(test: Term, names: _Names) -> ColumnElement[Any]:
    """How many touches the lead has that count."""
    touch, correction = touchpoints.alias("touch"), touchpoints.alias("correction")
    superseded = (
        select(1)
        .select_from(correction)
        .where(own(correction), correction.c.supersedes_id == touch.c.id)
        .correlate(touch)
        .exists()
    )
    query = (
        select(func.count())
        .select_from(touch)
        .where(
            own(touch),
            touch.c.lead_id == leads.c.id,
            ~superseded,
            ~touch.c.is_test | leads.c.is_test,
        )
    )
    if test.kind is not None:
        query = query.where(touch.c.kind == bindparam(names.kind, type_=Text()))
    if test.days is not None:
        instant = DateTime(timezone=True)
        query = query.where(
            touch.c.occurred_at >= bindparam(names.since, type_=instant),
            touch.c.occurred_at <= bindparam(_NOW, type_=instant),
        )
    return query.correlate(leads).scalar_subquery()


def _decimals(wanted: Any) -> Any:
    if isinstance(wanted, tuple):
        return tuple(map(_decimals, wanted))
    return Decimal(repr(wanted))
