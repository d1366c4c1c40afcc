"""Engagement in SQL: the same as `app/domain/ripeness/engagement.py` says, for any columns."""

import math
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal_column
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

from app.domain.ripeness.engagement import DAY_SECONDS, HALVINGS_LIMIT, KEY_OFFSET, KEY_SCALE

_DOUBLE: Any = DOUBLE_PRECISION()


def faded(earlier: Any, later: Any, half_life_days: Any) -> ColumnElement[Any]:
    """What one point of the earlier instant is worth at the later one."""
    halvings = _seconds(later - earlier) / (half_life_days * _number(DAY_SECONDS))
    bounded = func.least(_number(HALVINGS_LIMIT), func.greatest(_number(-HALVINGS_LIMIT), halvings))
    return func.power(_number(2.0), -bounded, type_=_DOUBLE)


def decayed(value: Any, at: Any, now: Any, half_life_days: Any) -> ColumnElement[Any]:
    """What the level is worth at `now`; 0 when nothing has counted yet."""
    return func.coalesce(value * faded(at, now, half_life_days), _number(0.0), type_=_DOUBLE)


def order_key(value: Any, at: Any, half_life_days: Any) -> ColumnElement[Any]:
    """The whole number that orders leads by engagement at any time."""
    # Null, and in the end 0, where there is no engagement or no touch.
    log2 = func.ln(func.nullif(func.abs(value), _number(0.0)), type_=_DOUBLE) / _number(math.log(2))
    height = log2 + _seconds(at) / (half_life_days * _number(DAY_SECONDS))
    key = func.sign(value, type_=_DOUBLE) * (height + _number(KEY_OFFSET)) * _number(KEY_SCALE)
    # Postgres rounds a double to the nearest even number, as Python does.
    return func.coalesce(cast(func.round(key), BigInteger), literal_column("0::bigint"))


def _seconds(moment: Any) -> ColumnElement[Any]:
    return func.date_part(literal_column("'epoch'"), moment, type_=_DOUBLE)


def _number(value: float) -> ColumnElement[Any]:
    return literal_column(f"{value!r}::double precision", _DOUBLE)
