"""Imports over the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.fields import (
    Body,
    CurrencyCode,
    Label,
    Line,
    Read,
    System,
    about,
    kept,
    optional,
)
from app.domain.intake.import_dates import DateOrder
from app.domain.intake.import_fields import ImportKind, ValueType
from app.domain.intake.import_files import FileFormat, FileKind
from app.domain.intake.import_numbers import DecimalSign
from app.domain.intake.imports import (
    Formulas,
    Import,
    ImportStatus,
    MatchKey,
    Mode,
    OnConflict,
    Phase,
    RowOutcome,
    Unfit,
)

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"

ZoneName = Annotated[str, Field(max_length=100)]
Delimiter = Annotated[str, Field(min_length=1, max_length=1)]


class ImportUpload(BaseModel):
    """What there is to say of a file that is sent. What is not said is found out."""

    name: Label | None = optional("The file's name; from a form it comes with the file.", "a.csv")
    kind: ImportKind = about("What its rows are.", "leads", default=ImportKind.LEADS)
    format: FileKind | None = optional("How it is written.", "csv")
    encoding: Annotated[str, Field(max_length=40)] | None = optional("Its encoding.", "cp1252")
    delimiter: Delimiter | None = optional("What stands between cells.", ";")
    quote: Delimiter | None = optional("What stands around cells.", '"')
    sheet: Label | None = optional("Which sheet of a workbook; else the first.", "Leads")

    def to_format(self) -> FileFormat:
        """The domain's form."""
        return FileFormat(
            kind=self.format,
            encoding=self.encoding,
            delimiter=self.delimiter,
            quote=self.quote,
            sheet=self.sheet,
        )


class MappingRule(Body):
    """What one column is."""

    column: Annotated[str, Field(min_length=1, max_length=250)] = about("The column.", "E-Mail")
    to: Annotated[str, Field(max_length=100)] | None = optional(
        "The field it goes to, as GET /v1/imports/fields lists them; null leaves it out.", "email"
    )
    date_order: DateOrder | None = optional(
        "Which comes first in dates such as 03/04/2025, where the column does not tell.", "dmy"
    )
    time_zone: ZoneName | None = optional("Zone of times without one.", "Europe/Berlin")
    decimal: DecimalSign | None = optional("What stands before the decimals.", "comma")
    currency: CurrencyCode | None = optional("Currency of amounts that name none.", "EUR")
    unfit: Unfit | None = optional(
        "What to do with a value that the field does not take: reject the row, leave the "
        "field blank and note it, or keep the text. By default rows are rejected, and phone "
        "numbers kept.",
        "blank",
    )


class ImportDefaults(Body):
    """What a lead that is created gets where its row says nothing."""

    source: Line | None = optional("Where the leads came from.", "fair")
    campaign_id: UUID | None = optional("The campaign that won them.")
    owner_id: UUID | None = optional("The user responsible.")
    team_id: UUID | None = optional("The team whose queue holds them.")


class ImportOptions(Body):
    """How rows are taken."""

    mode: Mode = about("Create new leads, update known ones, or both.", "upsert", default="upsert")
    match: Annotated[list[MatchKey], Field(min_length=1, max_length=4)] = about(
        "By which keys rows find their leads. A phone number alone never does: name or company "
        "have to agree.",
        ["email", "external_id"],
        default_factory=lambda: [*MatchKey],
    )
    on_conflict: OnConflict = about(
        "What a row does to a lead that is known: fill blanks, or overwrite what is mapped.",
        "fill",
        default="fill",
    )
    external_system: System = about(
        "The system that external ids come from.", "salesforce", default="import"
    )
    date_order: DateOrder | None = optional("As in a rule, for all columns.", "dmy")
    time_zone: ZoneName | None = optional("The same; by default the workspace's.", "Europe/Berlin")
    decimal: DecimalSign | None = optional("The same.", "comma")
    currency: CurrencyCode | None = optional("The same; by default the workspace's.", "EUR")
    formulas: Formulas = about(
        "Take the quote mark off that an export put before `=`, `+`, `-` and `@`, or keep it; when "
        "nothing is said, it is taken off in CSV and kept in other files.",
        "restore",
        default="restore",
    )
    defaults: ImportDefaults = about(
        "For new leads.", {"source": "fair"}, default_factory=ImportDefaults
    )


class ImportUpdate(Body):
    """What is confirmed or changed before an import starts."""

    mapping: Annotated[list[MappingRule], Field(max_length=500)] | None = kept(
        "A rule for each column to be read; all others are left out.",
        [{"column": "E-Mail", "to": "email"}],
    )
    options: ImportOptions | None = kept(
        "How rows are taken; what is not told stays.", {"mode": "upsert"}
    )

    def told(self) -> dict[str, Any]:
        """What was told, as it is stored."""
        told: dict[str, Any] = {}
        if self.mapping is not None:
            told["mapping"] = [
                rule.model_dump(mode="json", exclude_none=True) for rule in self.mapping
            ]
        if self.options is not None:
            told["options"] = self.options.model_dump(mode="json", exclude_unset=True)
        return told


class ImportColumn(Read):
    """A column of the file."""

    name: str = about("Its header; repeated ones are numbered.", "E-Mail")
    filled: int = about("How many of the first 20,000 rows have something in it.", 980)
    samples: list[str] = about("Some of its values.", ["ada@example.com"])
    suggested: str | None = about("The field it is likely meant for.", "email")
    confidence: float = about("How likely, from 0 to 1.", 0.99)
    because: str | None = about("What speaks for it.", "header and values")
    date_order: dict[str, DateOrder] = about(
        "How its dates are read, by the sign between the numbers.", {"/": "dmy"}
    )
    date_order_open: list[str] = about("The signs of dates of which you have to say it.", [])
    decimal: DecimalSign | None = about("What stands before the decimals, as its numbers tell.")
    decimal_open: bool = about("Whether you have to say it.", example=False)


class ImportRead(Read):
    """An import: the file, what its columns mean, and how far it is."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    name: str = about("The file's name.", "leads.csv")
    kind: ImportKind = about("What its rows are.", "leads")
    status: ImportStatus = about(
        "`ready` waits for you; `running`, `previewing` and `undoing` are at work.", "ready"
    )
    file_size: int = about("Bytes, as sent.", 18_230)
    file_hash: str = about("SHA-256 of the file.", "9f86d081884c7d65…")
    format: dict[str, Any] = about(
        "How the file is read.", {"kind": "csv", "encoding": "utf-8", "delimiter": ";"}
    )
    columns: list[ImportColumn] = about("What was found in the file.")
    mapping: list[dict[str, Any]] = about(
        "What each column goes to.", [{"column": "E-Mail", "to": "email"}]
    )
    options: dict[str, Any] = about("How rows are taken.", {"mode": "upsert"})
    row_count: int = about("How many rows there are, blank ones included.", 10_000)
    cursor: int = about("How many of them are dealt with.", 4_000)
    progress: float = about("The same from 0 to 1.", 0.4)
    counts: dict[str, int] = about(
        "Rows by outcome: created, updated, unchanged, skipped, duplicate, invalid, blank. `noted` "
        "are those among them that were taken and have something to tell.",
        {"created": 3_980, "invalid": 20},
    )
    preview: dict[str, int] = about("The same of the newest preview.", {"created": 9_900})
    error: str | None = about("Why it failed.", "the file is broken: unexpected end")
    job_id: UUID | None = about("The job that is or was at it.", AN_ID)
    started_at: datetime | None = about("When it was started.", "2026-03-02T09:30:00Z")
    finished_at: datetime | None = about("When the last row was dealt with.")
    created_at: datetime = about("When the file was sent.", "2026-03-02T09:29:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:01Z")
    version: int = about("Grows with every change; the ETag.", 1)


class ImportCreated(ImportRead):
    """An import with the first rows of its file."""

    sample: list[list[Any]] = about("The cells of the first rows.", [["Ada", "ada@example.com"]])

    @classmethod
    def of_import(cls, import_: Import, sample: list[list[Any]]) -> "ImportCreated":
        """The import and what its first rows hold."""
        read = ImportRead.model_validate(import_).model_dump()
        return cls(**read, sample=sample)


class ImportQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    status: list[ImportStatus] | None = optional("Statuses.", ["running"])
    kind: list[ImportKind] | None = optional("Kinds.", ["leads"])


class ImportRowRead(Read):
    """What became of a row."""

    line: int = about("The line of the file that it begins on; in a workbook its row.", 17)
    outcome: RowOutcome = about("What became of it.", "invalid")
    lead_id: UUID | None = about("The lead it made, changed, or was found to be.", AN_ID)
    first_line: int | None = about("Of a duplicate, the line that had the lead first.", 3)
    reasons: list[dict[str, Any]] | None = about(
        "Why, or what was noted on the way; each names the column where there is one.",
        [{"column": "E-Mail", "field": "email", "detail": "is no e-mail address"}],
    )
    cells: list[Any] | None = about("Its cells, when somebody has to look at it.", ["Ada", "ada@"])
    undone: dict[str, Any] | None = about("What undoing did to it.", {"outcome": "deleted"})


class ImportRowQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    outcome: list[RowOutcome] | None = optional("Outcomes.", ["invalid"])
    phase: Phase = about(
        "`run`, or `preview`, which keeps only rows that have something to tell.",
        "run",
        default=Phase.RUN,
    )


class ImportFieldRead(Read):
    """A field that columns can go to."""

    name: str = about("Its name in a mapping.", "email")
    type: ValueType = about("How cells are read.", "email")
    kinds: list[ImportKind] = about("The kinds of files that have it.", ["leads"])
    also_called: list[str] = about("Headers by which it is recognised.", ["E-Mail-Adresse"])


class ImportFieldList(BaseModel):
    """All of them."""

    data: list[ImportFieldRead] = about("The fields.")
