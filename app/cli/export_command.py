"""The command `touchline export` and its options; the work is done in `app/cli/export.py`."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that help is quick

from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import DataDirOption
from app.domain.leads.exports import ExportFormulas, Format, Order, Resource


def export_records(
    resource: Annotated[Resource, typer.Argument(help="What to export.")],
    *,
    workspace: Annotated[str, typer.Option(help="Slug or id of the workspace.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to make; - is stdout.")],
    form: Annotated[Format, typer.Option("--format", help="In which shape.")] = Format.CSV,
    where: Annotated[
        str | None,
        typer.Option(help="A condition as JSON, or @file with one [all].", show_default=False),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(help="Columns, with commas between [all].", show_default=False),
    ] = None,
    sort: Annotated[str, typer.Option(help="id, created_at, or either with a minus.")] = "id",
    formulas: Annotated[
        ExportFormulas, typer.Option(help="What becomes of formulas in CSV.")
    ] = ExportFormulas.NEUTRALISE,
    byte_order_mark: Annotated[
        bool, typer.Option("--byte-order-mark", help="Begin CSV with one, for Excel.")
    ] = False,
    data_dir: DataDirOption = None,
) -> None:
    """Export leads, touchpoints or opportunities.

    As CSV, NDJSON, Parquet or XLSX. The file gets its name when it is whole.
    """
    from app.cli.export import export, parse_condition_option
    from app.cli.settings import read_settings

    order = Order(
        resource=resource,
        format=form,
        condition=parse_condition_option(where),
        columns=columns.split(",") if columns else None,
        sort=sort,
        formulas=formulas,
        byte_order_mark=byte_order_mark,
    )
    export(read_settings(data_dir=data_dir), workspace, order, output)
