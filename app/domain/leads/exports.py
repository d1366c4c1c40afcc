"""Exports: which records leave, in which shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.domain.conditions import Condition, Field, ValueType
from app.domain.errors import FieldError, Invalid
from app.domain.leads.fields import LEAD_COLUMNS

COLUMNS_LIMIT = 300


class Resource(StrEnum):
    """What can be exported."""

    LEADS = "leads"
    TOUCHPOINTS = "touchpoints"
    OPPORTUNITIES = "opportunities"


class Format(StrEnum):
    """In which shape."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    XLSX = "xlsx"


class ExportFormulas(StrEnum):
    """What becomes of text in CSV that a spreadsheet would run as a formula."""

    NEUTRALISE = "neutralise"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What somebody wants to have exported; `condition` as written."""

    resource: Resource
    format: Format
    condition: Any = None
    columns: Sequence[str] | None = None
    sort: str = "id"
    formulas: ExportFormulas = ExportFormulas.NEUTRALISE
    byte_order_mark: bool = False


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The records to read and what of them: in order of `sort_key`, which never changes."""

    resource: Resource
    columns: tuple[Field, ...]
    condition: Condition | None
    sort_key: str
    descending: bool


# Only what never changes: a record that moved in the order might come twice, or not at all.
SORT_KEYS: dict[Resource, tuple[str, ...]] = {
    Resource.LEADS: ("id", "created_at"),
    Resource.TOUCHPOINTS: ("id",),
    Resource.OPPORTUNITIES: ("id", "created_at"),
}

# Not a column of the lead itself, and so only there when asked for.
IDENTITIES = Field("identities", ValueType.OBJECT, "identities")


def checked_sort(resource: Resource, sort: str) -> tuple[str, bool]:
    """The key and whether it descends; Invalid for a key that is not offered."""
    key = sort.removeprefix("-")
    if key not in SORT_KEYS[resource]:
        offered = ", ".join(f"{name}, -{name}" for name in SORT_KEYS[resource])
        raise Invalid.field("/sort", f"{resource} can be sorted by: {offered}")
    return key, sort.startswith("-")


def chosen_columns(
    columns: Mapping[str, Field], wanted: Sequence[str] | None, default: Sequence[str]
) -> tuple[Field, ...]:
    """The columns in the order asked for; Invalid names those that do not exist or come twice."""
    names = list(default if wanted is None else wanted)
    problems = [
        FieldError(pointer=f"/columns/{place}", code="unknown_field", detail=detail)
        for place, name in enumerate(names)
        if (detail := _problem(columns, names, place, name))
    ]
    if problems:
        raise Invalid("these columns cannot be exported", errors=problems)
    return tuple(columns[name] for name in names)


def default_columns(
    resource: Resource, form: Format, columns: Mapping[str, Field], custom: Mapping[str, Field]
) -> list[str]:
    """All that the API shows; where a cell holds one value, each custom field has a column."""
    if resource is not Resource.LEADS or form is Format.NDJSON:
        return [name for name in columns if name not in custom and name != IDENTITIES.name]
    flat = [name for name in LEAD_COLUMNS if name != "custom"]
    place = flat.index("unnormalised") + 1
    return [*flat[:place], *custom, *flat[place:]]


def _problem(
    columns: Mapping[str, Field], names: Sequence[str], place: int, name: str
) -> str | None:
    if name not in columns:
        return "there is no such column"
    return "this column comes twice" if name in names[:place] else None
