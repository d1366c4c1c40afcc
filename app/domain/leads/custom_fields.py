"""A workspace's own lead fields: typed, validated, filterable."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.errors import FieldError, Invalid

TEXT_LIMIT = 10_000


class FieldType(StrEnum):
    """The type of a custom field."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"


@dataclass(eq=False, kw_only=True)
class CustomField:
    """The declaration of a field."""

    workspace_id: UUID
    id: UUID
    key: str
    label: str
    type: str
    choices: list[str]
    required: bool
    description: str | None
    created_at: datetime
    updated_at: datetime
    version: int


def check_choices(field_type: str, choices: Sequence[str], before: Sequence[str] = ()) -> None:
    """Raise Invalid unless choices suit the type, come once each and keep those of `before`."""
    problem = None
    if field_type != FieldType.CHOICE and choices:
        problem = "only a field of type choice has choices"
    elif field_type == FieldType.CHOICE and not choices:
        problem = "a field of type choice needs at least one"
    elif len(set(choices)) < len(choices):
        problem = "each choice comes once"
    elif gone := [choice for choice in before if choice not in choices]:
        problem = f"choices may be added and not taken away; missing: {', '.join(gone)}"
    if problem:
        raise Invalid.field("/choices", problem)


def check_values(
    values: dict[str, Any],
    declared: dict[str, CustomField],
    *,
    complete: bool,
    held: Collection[str] = (),
) -> dict[str, Any]:
    """The values as stored, or Invalid naming every wrong one.

    `complete` asks for every required field (on create) and leaves out nulls; else only the values
    given are looked at, and a null clears a field, unless it is required. Of the fields that are
    not declared, only those `held` by the lead can be cleared.
    """
    problems: list[FieldError] = []
    stored: dict[str, Any] = {}
    for key, value in values.items():
        field = declared.get(key)
        if field is not None:
            problem = _problem(field, value)
        else:
            clears = value is None and key in held
            problem = None if clears else "this custom field is not declared"
        if problem:
            problems.append(FieldError(pointer=f"/custom/{_escaped(key)}", detail=problem))
        elif value is not None or not complete:
            stored[key] = value
    for key, field in declared.items():
        if field.required and (complete or key in values) and values.get(key) is None:
            problems.append(
                FieldError(pointer=f"/custom/{key}", code="missing", detail="a value is needed")
            )
    if problems:
        raise Invalid("custom fields are not valid", errors=problems)
    return stored


def parse_filter(field: CustomField, raw: str) -> Any:
    """A query parameter's text as the value it is compared with; Invalid if it cannot be one."""
    parameter = f"custom.{field.key}"
    value: Any = raw
    if field.type == FieldType.NUMBER:
        try:
            value = int(raw)
        except ValueError:
            try:
                value = float(raw)
            except ValueError:
                raise Invalid.parameter(parameter, "must be a number") from None
    elif field.type == FieldType.BOOLEAN:
        if raw not in ("true", "false"):
            raise Invalid.parameter(parameter, "must be true or false")
        value = raw == "true"
    problem = _problem(field, value)
    if problem:
        raise Invalid.parameter(parameter, problem)
    return value


def _problem(field: CustomField, value: Any) -> str | None:
    if value is None:
        return None
    match field.type:
        case FieldType.TEXT:
            if not isinstance(value, str):
                return "must be text"
            return f"must have at most {TEXT_LIMIT} characters" if len(value) > TEXT_LIMIT else None
        case FieldType.NUMBER:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return None if number and abs(value) < 1e15 else "must be a number below 10^15"
        case FieldType.BOOLEAN:
            return None if isinstance(value, bool) else "must be true or false"
        case FieldType.DATE:
            return None if _is_date(value) else "must be a date such as 2026-05-31"
        case _:
            if isinstance(value, str) and value in field.choices:
                return None
            return f"must be one of: {', '.join(field.choices)}"


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != len("2026-05-31"):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
