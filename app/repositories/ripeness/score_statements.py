"""The query that works scores out, for models of one shape: the same rules but for the values that
they compare with, their points and their bounds."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    column,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

from app.domain.conditions import Condition
from app.domain.ripeness.scoring import ScoringModel
from app.repositories.conditions import clause_for, shape_of, values_for
from app.repositories.ripeness.engagement_terms import faded
from app.repositories.statements import own, param
from app.repositories.tables.leads import leads
from app.repositories.tables.record import touchpoints

_DOUBLE: Any = DOUBLE_PRECISION()
_WHOLE = Integer()
_RULE_COLUMNS: dict[str, Any] = {
    "rule": _WHOLE,
    "kind": Text(),
    "points": _WHOLE,
    "count": _WHOLE,
    "days": _DOUBLE,
}
_NONE = literal_column("0", _WHOLE)
# Rules test no relative times, so that any instant will do.
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class FitShape:
    """A fit rule without its values; its group is told by its place among the groups."""

    when: Condition
    group: int | None
    knock_out: bool


@dataclass(frozen=True)
class ModelShape:
    """A model without its values; `bounds` tells which bounds each group has."""

    fit: tuple[FitShape, ...]
    bounds: tuple[tuple[bool, bool], ...]
    conditions: tuple[tuple[int, Condition], ...]
    earns: bool
    any_kind: bool
    limited: bool


def shape_of_model(model: ScoringModel) -> ModelShape:
    """What models that share a statement have in common."""
    groups = {name: place for place, name in enumerate(model.groups)}
    rules = model.engagement_rules
    return ModelShape(
        tuple(
            FitShape(
                shape_of(rule.when),
                None if rule.group is None else groups[rule.group],
                rule.knock_out,
            )
            for rule in model.fit_rules
        ),
        tuple((held.min is not None, held.max is not None) for held in model.groups.values()),
        tuple((n, shape_of(rule.when)) for n, rule in enumerate(rules) if rule.when is not None),
        bool(rules),
        any(not rule.kinds for rule in rules),
        any(rule.limit for rule in rules),
    )


def values_of_model(model: ScoringModel) -> dict[str, Any]:
    """The parameters of the query of the model's shape."""
    values: dict[str, Any] = {
        "fit_max": model.fit_max,
        "half_life_days": float(model.half_life_days),
    }
    for n, rule in enumerate(model.fit_rules):
        values |= values_for(rule.when, _ANY_TIME, f"fit_{n}")
        values |= {f"fit_{n}_points": rule.points, f"fit_{n}_rule": rule.key}
    for n, bounds in enumerate(model.groups.values()):
        values |= {f"group_{n}_min": bounds.min, f"group_{n}_max": bounds.max}
    for n, earning in enumerate(model.engagement_rules):
        if earning.when is not None:
            values |= values_for(earning.when, _ANY_TIME, f"touch_{n}")
    told = [
        (n, kind, rule.points, rule.limit and rule.limit.count, rule.limit and rule.limit.days)
        for n, rule in enumerate(model.engagement_rules)
        for kind in rule.kinds or (None,)
    ]
    for place, name in enumerate(_RULE_COLUMNS):
        values[f"rule_{name}"] = [each[place] for each in told]
    return values


def scores_of(shape: ModelShape, chosen: ColumnElement[bool]) -> Subquery:
    """The leads of which `chosen` holds: id, fit, knocked_out_by, engagement, engagement_at."""
    fitted = _fitted(shape, chosen)
    if not shape.earns:
        at = cast(None, leads.c.created_at.type).label("engagement_at")
        return select(fitted, _zero().label("engagement"), at).subquery("scored")
    levels = _levels(shape, chosen)
    engagement = func.coalesce(levels.c.value, _zero(), type_=_DOUBLE)
    return (
        select(fitted, engagement.label("engagement"), levels.c.newest.label("engagement_at"))
        .select_from(fitted.outerjoin(levels, levels.c.lead_id == fitted.c.id))
        .subquery("scored")
    )


def _fitted(shape: ModelShape, chosen: ColumnElement[bool]) -> Subquery:
    """Each lead with its fit, and the first knock-out that holds."""
    answers = [
        func.coalesce(clause_for(rule.when, leads, f"fit_{n}"), false()).label(f"holds_{n}")
        for n, rule in enumerate(shape.fit)
    ]
    held = _fenced(select(leads.c.id, *answers).where(*_chosen_leads(chosen))).subquery("held")
    points = {
        n: case((held.c[f"holds_{n}"], param(f"fit_{n}_points", _WHOLE)), else_=_NONE)
        for n in range(len(shape.fit))
    }
    total = _total([points[n] for n, rule in enumerate(shape.fit) if rule.group is None])
    for group, (least, most) in enumerate(shape.bounds):
        part = _total([points[n] for n, rule in enumerate(shape.fit) if rule.group == group])
        if least:
            part = func.greatest(part, param(f"group_{group}_min", _WHOLE), type_=_WHOLE)
        if most:
            part = func.least(part, param(f"group_{group}_max", _WHOLE), type_=_WHOLE)
        total += part
    knock_outs = [
        (held.c[f"holds_{n}"], param(f"fit_{n}_rule", Text()))
        for n, rule in enumerate(shape.fit)
        if rule.knock_out
    ]
    fit: Any = func.greatest(_NONE, func.least(param("fit_max", _WHOLE), total), type_=_WHOLE)
    if knock_outs:
        fit = case((or_(*(holds for holds, _ in knock_outs)), _NONE), else_=fit)
    knocked_out_by: Any = case(*knock_outs) if knock_outs else cast(None, Text)
    return select(held.c.id, fit.label("fit"), knocked_out_by.label("knocked_out_by")).subquery(
        "fitted"
    )


def _levels(shape: ModelShape, chosen: ColumnElement[bool]) -> Subquery:
    """Each lead that has earned points, with their worth at the newest touch that earned any."""
    earned = _limited(_matched(shape, chosen)) if shape.limited else _matched(shape, chosen)
    newest = func.max(earned.c.occurred_at).over(partition_by=earned.c.lead_id)
    placed = select(earned.c.lead_id, earned.c.occurred_at, earned.c.points, newest.label("newest"))
    if shape.limited:
        placed = placed.where(or_(earned.c.count.is_(None), earned.c.place <= earned.c.count))
    entries = placed.subquery("entries")
    half_life = param("half_life_days", _DOUBLE)
    worth = entries.c.points * faded(entries.c.occurred_at, entries.c.newest, half_life)
    return (
        select(entries.c.lead_id, entries.c.newest, func.sum(worth, type_=_DOUBLE).label("value"))
        .group_by(entries.c.lead_id, entries.c.newest)
        .subquery("levels")
    )


def _matched(shape: ModelShape, chosen: ColumnElement[bool]) -> Subquery:
    """Each touch that counts, with each rule that takes it."""
    touch, correction = touchpoints.alias("touch"), touchpoints.alias("correction")
    corrected = (
        select(1)
        .select_from(correction)
        .where(own(correction), correction.c.supersedes_id == touch.c.id)
        .exists()
    )
    arrays = [param(f"rule_{name}", ARRAY(kind)) for name, kind in _RULE_COLUMNS.items()]
    columns = [column(name, kind) for name, kind in _RULE_COLUMNS.items()]
    rule = func.unnest(*arrays).table_valued(*columns, name="rule").render_derived()
    # Where every rule names its kinds they are looked up, else each rule is tried.
    takes = rule.c.kind == touch.c.kind
    if shape.any_kind:
        takes = or_(rule.c.kind.is_(None), takes)
    query = (
        select(
            touch.c.lead_id,
            touch.c.occurred_at,
            touch.c.id,
            *(rule.c[name] for name in ("rule", "points", "count", "days")),
        )
        .select_from(leads)
        .join(touch, and_(own(touch), touch.c.lead_id == leads.c.id))
        .join(rule, takes)
        .where(*_chosen_leads(chosen), ~touch.c.is_test | leads.c.is_test, ~corrected)
    )
    if shape.conditions:
        tests = [
            (rule.c.rule == n, func.coalesce(clause_for(when, touch, f"touch_{n}"), false()))
            for n, when in shape.conditions
        ]
        query = query.where(case(*tests, else_=true()))
    return query.subquery("matched")


def _limited(matched: Subquery) -> Subquery:
    """With the place of each touch among those of a rule, in its stretch of time."""
    day = cast(func.timezone(literal_column("'UTC'"), matched.c.occurred_at), Date)
    since = cast(day - literal_column("DATE '1970-01-01'", Date), DOUBLE_PRECISION)
    place = func.row_number().over(
        partition_by=[matched.c.lead_id, matched.c.rule, func.floor(since / matched.c.days)],
        order_by=[matched.c.occurred_at, matched.c.id],
    )
    return select(matched, place.label("place")).subquery("placed")


def _chosen_leads(chosen: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    return own(leads), leads.c.deleted_at.is_(None), chosen


def _fenced(query: Select[Any]) -> Select[Any]:
    """Worked out once for each row: else Postgres repeats an expression wherever it is used."""
    return query.offset(literal_column("0"))


def _total(parts: list[Any]) -> Any:
    total: Any = _NONE
    for part in parts:
        total = part if total is _NONE else total + part
    return total


def _zero() -> ColumnElement[Any]:
    return literal_column("0::double precision", _DOUBLE)
