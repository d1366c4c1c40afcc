"""What is known of a lead, by name and type, for conditions and exports."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.conditions import Field, Term, ValueOf, ValueType, counted_since
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

TOUCHES = Field("touches", ValueType.INTEGER, "touches", counts_touches=True)

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
    return {**LEAD_COLUMNS, **custom_columns(custom), TOUCHES.name: TOUCHES}


@dataclass(frozen=True)
class Touch:
    """What a condition needs to know of a touch that counts: superseded ones do not, and trials
    count for nobody but a lead that is one."""

    kind: str
    occurred_at: datetime


def values_of(lead: Lead, touches: Sequence[Touch], now: datetime) -> ValueOf:
    """What the lead has for each test of a condition."""

    def value_of(test: Term) -> Any:
        field = test.field
        if field.counts_touches:
            return sum(_is_counted(test, touch, now) for touch in touches)
        value = getattr(lead, field.column)
        return value if field.key is None else value.get(field.key)

    return value_of


def _is_counted(test: Term, touch: Touch, now: datetime) -> bool:
    if test.kind is not None and touch.kind != test.kind:
        return False
    since = counted_since(test, now)
    return since is None or since <= touch.occurred_at <= now
