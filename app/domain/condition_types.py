"""What fields hold, and how each of it can be tested."""

import re
from enum import StrEnum

DAY_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ValueType(StrEnum):
    """What a field holds; it decides how values are compared."""

    TEXT = "text"  # in people's words: upper and lower case are the same
    CODE = "code"  # in a machine's words: every character counts
    CHOICE = "choice"  # one of a few
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    DAY = "day"
    ID = "id"
    LIST = "list"  # of texts
    SET = "set"  # of ids: never without a value, at most empty
    LEVEL = "level"  # a number that fades as time passes
    ANY = "any"  # text, number or boolean: what it is compared with decides
    OBJECT = "object"  # anything else; can be shown and not compared


class Op(StrEnum):
    """How a field is tested."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    BETWEEN = "between"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    CONTAINS_ANY = "contains_any"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    HAS_WORD = "has_word"
    HAS_ANY_WORD = "has_any_word"
    IS_NULL = "is_null"
    IS_NOT_NULL = "is_not_null"
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"
    WITHIN_DAYS = "within_days"


_EQUAL = frozenset({Op.EQ, Op.NE, Op.IN, Op.NOT_IN})
_ORDER = frozenset({Op.LT, Op.LTE, Op.GT, Op.GTE, Op.BETWEEN})
_PARTS = frozenset({Op.CONTAINS, Op.NOT_CONTAINS, Op.CONTAINS_ANY})
_ENDS = frozenset({Op.STARTS_WITH, Op.ENDS_WITH})
_WORDS = frozenset({Op.HAS_WORD, Op.HAS_ANY_WORD})
_NULLS = frozenset({Op.IS_NULL, Op.IS_NOT_NULL})
_EMPTY = frozenset({Op.IS_EMPTY, Op.IS_NOT_EMPTY})

OPERATORS: dict[ValueType, frozenset[Op]] = {
    ValueType.TEXT: _EQUAL | _PARTS | _ENDS | _WORDS | _NULLS | _EMPTY,
    ValueType.CODE: _EQUAL | _PARTS | _ENDS | _NULLS | _EMPTY,
    ValueType.CHOICE: _EQUAL | _NULLS,
    ValueType.INTEGER: _EQUAL | _ORDER | _NULLS,
    ValueType.NUMBER: _EQUAL | _ORDER | _NULLS,
    ValueType.BOOLEAN: frozenset({Op.EQ, Op.NE}) | _NULLS,
    ValueType.INSTANT: _ORDER | _NULLS | {Op.WITHIN_DAYS},
    ValueType.DAY: _EQUAL | _ORDER | _NULLS | {Op.WITHIN_DAYS},
    ValueType.ID: _EQUAL | _NULLS,
    ValueType.LIST: _PARTS | _NULLS | _EMPTY,
    ValueType.SET: frozenset({Op.IN, Op.NOT_IN}),
    ValueType.LEVEL: _ORDER | _NULLS,
    ValueType.ANY: _EQUAL | _ORDER | _PARTS | _ENDS | _WORDS | _NULLS,
    ValueType.OBJECT: _NULLS,
}

WITHOUT_VALUE = _NULLS | _EMPTY
WITH_SEVERAL = frozenset({Op.IN, Op.NOT_IN, Op.CONTAINS_ANY, Op.HAS_ANY_WORD})
# Nothing is part of everything.
WITH_SOMETHING = _PARTS | _ENDS
