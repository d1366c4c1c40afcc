"""Exports over the wire."""

from typing import Annotated

from pydantic import Field

from app.api.schemas.conditions import ConditionBody
from app.api.schemas.fields import Body, Flag, about, optional
from app.domain.leads.exports import COLUMNS_LIMIT, ExportFormulas, Format, Order, Resource

ColumnName = Annotated[str, Field(min_length=1, max_length=100)]


class ExportCreate(Body):
    """What to export, and in which shape."""

    resource: Resource = about("What to export.", "leads")
    format: Format = about(
        "`csv` (RFC 4180, UTF-8), `ndjson` (the objects of the API, one a line), `parquet` (typed "
        "columns), `xlsx` (up to 1,048,575 rows, sent when the last one is in it).",
        "csv",
    )
    condition: ConditionBody | None = optional(
        "Only records that meet this; all of them without.",
        {"field": "country_code", "op": "eq", "value": "DE"},
    )
    columns: Annotated[list[ColumnName], Field(min_length=1, max_length=COLUMNS_LIMIT)] | None = (
        optional(
            "Which columns, in this order; by default all that the API shows, in csv, parquet and "
            "xlsx with a column `custom.<key>` for each custom field. `identities` only if named.",
            ["id", "email", "custom.tier"],
        )
    )
    sort: Annotated[str, Field(pattern=r"^-?[a-z_]{1,40}$")] = about(
        "`id` is the order in which they were recorded; leads and opportunities also by "
        "`created_at`. A minus means newest first.",
        "id",
        default="id",
    )
    formulas: ExportFormulas = about(
        "With csv: `neutralise` puts a quote mark before text that a spreadsheet would run; an "
        "import takes exactly these marks off again.",
        "neutralise",
        default=ExportFormulas.NEUTRALISE,
    )
    byte_order_mark: Flag = about(
        "With csv: begin with a byte order mark, which Excel needs to see UTF-8.",
        example=False,
        default=False,
    )

    def to_order(self) -> Order:
        """The domain's form."""
        return Order(**dict(self))
