"""The command `touchline import` and its options; the work is done beside."""

# ruff: noqa: PLC0415 - a command imports what it needs when it runs, so that help is quick

from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import DataDirOption
from app.domain.intake.import_fields import ImportKind
from app.domain.intake.imports import MatchKey, Mode, OnConflict


def import_rows(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or lines of JSON, with gzip or not.")],
    *,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="COLUMN=FIELD, as often as needed; COLUMN= leaves one out. Others as suggested.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[ImportKind, typer.Option(help="What the rows are.")] = ImportKind.LEADS,
    mode: Annotated[Mode, typer.Option(help="Which rows are taken.")] = Mode.UPSERT,
    match: Annotated[
        list[MatchKey] | None,
        typer.Option(help="By what rows find their leads [all].", show_default=False),
    ] = None,
    on_conflict: Annotated[
        OnConflict, typer.Option(help="What a row does to a lead that is known.")
    ] = OnConflict.FILL,
    system: Annotated[str, typer.Option(help="Where external ids come from.")] = "import",
    source: Annotated[
        str | None, typer.Option(help="Source of new leads.", show_default=False)
    ] = None,
    date_order: Annotated[
        str | None, typer.Option(help="dmy or mdy, where dates do not tell.", show_default=False)
    ] = None,
    decimal: Annotated[
        str | None,
        typer.Option(help="point or comma, where numbers do not tell.", show_default=False),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding [found out].", show_default=False)
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="What parts cells [found out].", show_default=False)
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of a workbook [the first].", show_default=False)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what would become of the rows.")
    ] = False,
    rejects: Annotated[
        bool, typer.Option("--rejects", help="Write rejected rows to FILE.rejects.csv.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Import a file that was imported before.")
    ] = False,
    workspace: Annotated[str, typer.Option(help="Slug or id of the workspace.")] = "demo",
    data_dir: DataDirOption = None,
) -> None:
    """Import a file of rows.

    Killed and run again, it goes on where it stopped. Exit code 1 when rows were rejected.
    """
    from app.cli.import_file import Wanted, import_file
    from app.cli.settings import read_settings
    from app.domain.intake.import_files import FileFormat

    wanted = Wanted(
        file=file,
        kind=kind,
        form=FileFormat(encoding=encoding, delimiter=delimiter, sheet=sheet),
        mapping=mapping or [],
        options={
            "mode": mode.value,
            "match": [key.value for key in match or MatchKey],
            "on_conflict": on_conflict.value,
            "external_system": system,
            "date_order": date_order,
            "decimal": decimal,
            "defaults": {"source": source} if source else {},
        },
        dry_run=dry_run,
        rejects=rejects,
        again=again,
    )
    if not import_file(read_settings(data_dir=data_dir), workspace, wanted):
        raise typer.Exit(1)
