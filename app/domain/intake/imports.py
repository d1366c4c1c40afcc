"""Imports: a file of rows, what its columns mean, and what became of each row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from app.domain.errors import FieldError, IllegalMove, Invalid
from app.domain.intake.import_dates import DateOrder
from app.domain.intake.import_fields import ImportKind, ValueType, target_named
from app.domain.intake.import_files import FileKind
from app.domain.intake.import_numbers import DecimalSign

DEFAULT_SYSTEM = "import"


class ImportStatus(StrEnum):
    """Where an import stands."""

    READY = "ready"
    PREVIEWING = "previewing"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"


AT_WORK = frozenset({ImportStatus.PREVIEWING, ImportStatus.RUNNING, ImportStatus.UNDOING})

_MAY = {
    "be changed": frozenset({ImportStatus.READY}),
    "be previewed": frozenset({ImportStatus.READY}),
    # One that failed or was called off goes on where it stopped.
    "be started": frozenset({ImportStatus.READY, ImportStatus.FAILED, ImportStatus.CANCELLED}),
    "be cancelled": frozenset({ImportStatus.PREVIEWING, ImportStatus.RUNNING}),
    "be undone": frozenset({ImportStatus.DONE, ImportStatus.FAILED, ImportStatus.CANCELLED}),
}


class Mode(StrEnum):
    """Which rows are taken: those of new leads, those of known ones, or both."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"


class OnConflict(StrEnum):
    """What a row does to a lead that is known: fill what is blank, or overwrite what is mapped."""

    FILL = "fill"
    OVERWRITE = "overwrite"


class MatchKey(StrEnum):
    """By what a row finds its lead."""

    EMAIL = "email"
    PHONE = "phone"
    EXTERNAL_ID = "external_id"
    LEAD_ID = "lead_id"


class Unfit(StrEnum):
    """What to do with a value that its field does not take."""

    REJECT = "reject"
    BLANK = "blank"
    KEEP = "keep"


class Formulas(StrEnum):
    """Whether the mark that makes a formula harmless is taken off again, or is the text's own."""

    RESTORE = "restore"
    KEEP = "keep"


class Phase(StrEnum):
    """Whether a row's outcome was only worked out, or happened."""

    PREVIEW = "preview"
    RUN = "run"


class RowOutcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    DUPLICATE = "duplicate"
    INVALID = "invalid"


# The few that somebody has to look at.
REMARKABLE = (RowOutcome.SKIPPED, RowOutcome.DUPLICATE, RowOutcome.INVALID)


@dataclass(eq=False, kw_only=True)
class Import:
    """An import as stored. `cursor` counts the rows that are dealt with, blank ones included."""

    workspace_id: UUID
    id: UUID
    name: str
    kind: str
    status: str
    file_hash: str
    file_size: int
    format: dict[str, Any]
    columns: list[dict[str, Any]]
    mapping: list[dict[str, Any]]
    options: dict[str, Any]
    row_count: int
    cursor: int
    counts: dict[str, int]
    preview: dict[str, int]
    error: str | None
    job_id: UUID | None
    user_id: UUID | None
    api_key_id: UUID | None
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @property
    def is_at_work(self) -> bool:
        """Whether a job is at it."""
        return self.status in AT_WORK

    @property
    def progress(self) -> float:
        """How far the present pass over the file is, from 0 to 1."""
        return min(1.0, self.cursor / self.row_count) if self.row_count else 1.0

    def check_may(self, what: str) -> None:
        """Raise IllegalMove unless the status allows it."""
        if self.status not in _MAY[what]:
            allowed = ", ".join(sorted(_MAY[what]))
            raise IllegalMove(
                f"an import that is {self.status} cannot {what}; only one that is {allowed} can",
                extra={"status": self.status},
            )


@dataclass(eq=False, kw_only=True)
class ImportRow:
    """What became of a row. Its cells are kept when somebody has to look at it."""

    workspace_id: UUID
    import_id: UUID
    phase: str
    line: int
    outcome: str
    lead_id: UUID | None = None
    first_line: int | None = None
    reasons: list[dict[str, Any]] | None = None
    cells: list[Any] | None = None
    undone: dict[str, Any] | None = None
    recorded_at: datetime


def default_options(file_kind: FileKind | None) -> dict[str, Any]:
    """How rows are taken unless somebody says otherwise. Only CSV has formulas made harmless."""
    formulas = Formulas.RESTORE if file_kind is FileKind.CSV else Formulas.KEEP
    return {
        "mode": Mode.UPSERT.value,
        "match": [key.value for key in MatchKey],
        "on_conflict": OnConflict.FILL.value,
        "external_system": DEFAULT_SYSTEM,
        "date_order": None,
        "time_zone": None,
        "decimal": None,
        "currency": None,
        "formulas": formulas.value,
        "defaults": {},
    }


def check_rules(
    rules: list[dict[str, Any]], columns: list[str], kind: ImportKind, custom: Mapping[str, str]
) -> None:
    """Raise Invalid, naming every rule that cannot be followed; `custom` are types by key."""
    problems: list[FieldError] = []
    targets: set[str] = set()
    sources: set[str] = set()
    for number, rule in enumerate(rules):
        at = f"/mapping/{number}"
        if rule["column"] not in columns:
            problems.append(FieldError(pointer=f"{at}/column", detail="there is no such column"))
        elif rule["column"] in sources:
            problems.append(FieldError(pointer=f"{at}/column", detail="each column comes once"))
        sources.add(rule["column"])
        name = rule.get("to")
        if name is None:
            continue
        problem = _target_problem(name, kind, custom)
        if problem is None and name in targets:
            problem = "each field comes once"
        if problem:
            problems.append(FieldError(pointer=f"{at}/to", detail=problem))
        targets.add(name)
    if problems:
        raise Invalid("the mapping is not valid", errors=problems)


def _target_problem(name: str, kind: ImportKind, custom: Mapping[str, str]) -> str | None:
    target = target_named(name)
    if target is None:
        return "there is no such field; GET /v1/imports/fields lists them"
    if kind not in target.kinds:
        return f"a file of {kind.value} has no such field"
    if name.startswith("custom.") and name.removeprefix("custom.") not in custom:
        return "this custom field is not declared"
    return None


def open_questions(
    rules: list[dict[str, Any]],
    columns: list[dict[str, Any]],
    options: Mapping[str, Any],
    custom: Mapping[str, str],
) -> list[FieldError]:
    """What has to be said before rows can be read: nothing is guessed in silence."""
    seen = {column["name"]: column for column in columns}
    questions: list[FieldError] = []
    for number, rule in enumerate(rules):
        target = target_named(rule["to"]) if rule.get("to") else None
        sight = seen.get(rule["column"])
        if target is None or sight is None:
            continue
        kind = custom.get(target.name.removeprefix("custom."), target.type)
        for member, asks, way, choices in (
            ("date_order", sight["date_order_open"], _DATES, DateOrder),
            ("decimal", sight["decimal_open"], _NUMBERS, DecimalSign),
        ):
            if kind in way.types and asks and not (rule.get(member) or options.get(member)):
                detail = f"the {way.nouns} of column {rule['column']!r} {way.doubt}: say " + (
                    " or ".join(choice.value for choice in choices)
                )
                pointer = f"/mapping/{number}/{member}"
                questions.append(FieldError(pointer=pointer, code="ambiguous", detail=detail))
    return questions


class _Doubt(NamedTuple):
    types: frozenset[str]
    nouns: str
    doubt: str


_DATES = _Doubt(
    frozenset({ValueType.DATE, ValueType.INSTANT}),
    "dates",
    "could have the day or the month first",
)
_NUMBERS = _Doubt(
    frozenset({ValueType.MONEY, ValueType.NUMBER}),
    "numbers",
    "could have point or comma before the decimals",
)
