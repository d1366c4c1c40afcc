"""What is known of a lead, by name and type, for conditions and exports."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.condition_times import Relative
from app.domain.conditions import (
    Field,
    Origin,
    Picked,
    Term,
    ValueOf,
    ValueType,
    Window,
    counted_since,
    holds,
)
from app.domain.leads.custom_fields import CustomField, FieldType
from app.domain.leads.leads import Lead
from app.domain.leads.status import LifecycleStage, Status

_OUTCOMES = ("qualified", "not_yet", "disqualified")

_TYPES: dict[ValueType, str] = {
    ValueType.TEXT: "first_name last_name full_name title company email phone website street city "
    "region postal_code country industry language description source disqualified_note",
    ValueType.CODE: "email_norm phone_norm web_domain country_code currency disqualified_reason",
    ValueType.INTEGER: "employee_count annual_revenue_minor qualification_score "
    "qualification_completeness touch_count version",
    ValueType.BOOLEAN: "is_test",
    ValueType.INSTANT: "mql_at sql_at opportunity_at customer_at first_touch_at last_touch_at "
    "created_at updated_at",
    ValueType.ID: "id campaign_id owner_id team_id",
    ValueType.LIST: "unnormalised",
    ValueType.OBJECT: "custom",
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "status": tuple(Status),
    "lifecycle_stage": tuple(LifecycleStage),
    "qualification_outcome": _OUTCOMES,
}
# As the API shows them.
_ORDER = """
    id first_name last_name full_name title company email phone website street city region
    postal_code country industry employee_count annual_revenue_minor currency language description
    source campaign_id owner_id team_id status lifecycle_stage email_norm phone_norm web_domain
    country_code unnormalised custom qualification_outcome qualification_score
    qualification_completeness disqualified_reason disqualified_note mql_at sql_at opportunity_at
    customer_at is_test first_touch_at last_touch_at touch_count created_at updated_at version
""".split()

# Worked out from the touches that a test picks.
TOUCH_FIELDS = {
    field.name: field
    for field in (
        Field("touches", ValueType.INTEGER, "count", origin=Origin.TOUCHES),
        Field("first_touch", ValueType.INSTANT, "first", origin=Origin.TOUCHES),
        Field("last_touch", ValueType.INSTANT, "last", origin=Origin.TOUCHES),
    )
}

_CUSTOM_TYPES: dict[str, ValueType] = {
    FieldType.TEXT: ValueType.TEXT,
    FieldType.NUMBER: ValueType.NUMBER,
    FieldType.BOOLEAN: ValueType.BOOLEAN,
    FieldType.DATE: ValueType.DAY,
    FieldType.CHOICE: ValueType.CHOICE,
}


def declared(
    types: Mapping[ValueType, str], choices: Mapping[str, tuple[str, ...]], order: Sequence[str]
) -> dict[str, Field]:
    """Fields that are columns, in this order."""
    type_of = {name: kind for kind, names in types.items() for name in names.split()}
    return {
        name: Field(name, type_of.get(name, ValueType.CHOICE), name, choices=choices.get(name, ()))
        for name in order
    }


LEAD_COLUMNS = declared(_TYPES, _CHOICES, _ORDER)


def custom_columns(custom: Iterable[CustomField]) -> dict[str, Field]:
    """The workspace's own fields, as `custom.<key>`."""
    return {
        f"custom.{field.key}": Field(
            f"custom.{field.key}",
            _CUSTOM_TYPES[field.type],
            "custom",
            key=field.key,
            choices=tuple(field.choices),
        )
        for field in custom
    }


def lead_fields(custom: Iterable[CustomField]) -> dict[str, Field]:
    """Everything a condition on leads may test."""
    return {**LEAD_COLUMNS, **custom_columns(custom), **TOUCH_FIELDS}


@dataclass(frozen=True)
class Touch:
    """A touch that counts, as far as a condition may ask: superseded ones do not count, and trials
    for nobody but a lead that is one. A `Touchpoint` will do as well."""

    kind: str
    occurred_at: datetime
    channel: str | None = None
    campaign_id: UUID | None = None
    utm: Mapping[str, Any] | None = None
    click_ids: Mapping[str, Any] | None = None
    page_url: str | None = None
    referrer: str | None = None
    products: Sequence[str] | None = None
    summary: str | None = None
    payload: Mapping[str, Any] | None = None
    source_system: str | None = None
    external_id: str | None = None
    is_test: bool = False
    recorded_at: datetime | None = None
    supersedes_id: UUID | None = None
    user_id: UUID | None = None
    api_key_id: UUID | None = None
    id: UUID | None = None
    lead_id: UUID | None = None


def values_of(
    lead: Lead, touches: Sequence[Any], now: datetime, derived: Mapping[str, Any] | None = None
) -> ValueOf:
    """What the lead has for each test of a condition; `derived` is what is known of it besides, by
    name: its standing, its prediction, the segments it is in."""

    def value_of(test: Term) -> Any:
        field = test.field
        match field.origin:
            case Origin.RECORD:
                return value_at(getattr(lead, field.column), field.key)
            case Origin.TOUCHES:
                return _AGGREGATES[field.column](_counted(test.window, touches, now))
            case Origin.SEGMENTS:
                return (derived or {}).get(field.column, frozenset())
            case _:
                return (derived or {}).get(field.column)

    return value_of


def touch_values(touch: Any) -> ValueOf:
    """What a `Touch` or a `Touchpoint` has for each test of a condition on touchpoints."""
    return lambda test: value_at(getattr(touch, test.field.column), test.field.key)


def value_at(value: Any, key: str | tuple[str, ...] | None) -> Any:
    """What stands under a key or a path of keys."""
    if key is None:
        return value
    for step in (key,) if isinstance(key, str) else key:
        if isinstance(value, list) and not isinstance(key, str) and _PLACE.fullmatch(step):
            place = int(step)
            value = value[place] if -len(value) <= place < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


_PLACE = re.compile(r"-?[0-9]{1,9}")
_AGGREGATES: dict[str, Callable[[list[datetime]], Any]] = {
    "count": len,
    "first": lambda instants: min(instants, default=None),
    "last": lambda instants: max(instants, default=None),
}


def _counted(window: Window, touches: Sequence[Any], now: datetime) -> list[datetime]:
    """When the touches happened that are meant."""
    since, after = counted_since(window, now), None
    begins = window.since.at(now) if isinstance(window.since, Relative) else window.since
    if isinstance(begins, Picked):
        after = max(_instants(begins, touches, now), default=None)
        if after is None:
            return []
        begins = None
    return [
        instant
        for instant in _instants(window.picked, touches, now)
        if (since is None or since <= instant <= now)
        and (begins is None or begins <= instant)
        and (after is None or after < instant)
    ]


def _instants(picked: Picked, touches: Sequence[Any], now: datetime) -> list[datetime]:
    return [
        touch.occurred_at
        for touch in touches
        if (not picked.kinds or touch.kind in picked.kinds)
        and (picked.where is None or holds(picked.where, touch_values(touch), now))
    ]
