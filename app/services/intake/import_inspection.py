"""The first look at a file: how it is written, what its columns hold, how many rows there are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.adapters.tables_in import detected, open_table
from app.domain.errors import Invalid
from app.domain.intake.import_fields import ImportKind
from app.domain.intake.import_files import FileFormat, FileKind, UnreadableFile
from app.domain.intake.import_mapping import ColumnSight, suggest
from app.domain.intake.storable import storable

# What the values of a column say is settled by this many rows; all of them are counted.
LOOKED_AT = 20_000
SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What was found."""

    format: FileFormat
    sights: list[ColumnSight]
    row_count: int
    sample: list[list[Any]]

    def columns(self, kind: ImportKind, custom: Mapping[str, str]) -> list[dict[str, Any]]:
        """The columns and what each is likely meant for; `custom` are labels of fields by key."""
        return [
            storable(sight.told())
            | {"suggested": one.to, "confidence": one.confidence, "because": one.because}
            for sight, one in zip(self.sights, suggest(self.sights, kind, custom), strict=True)
        ]


def inspect(path: Path, told: FileFormat) -> Inspection:
    """Look at a whole file; Invalid says why it cannot be read. It takes a second a million rows,
    so it is called in a thread."""
    try:
        return _inspect(path, told)
    except UnreadableFile as error:
        raise Invalid.field("/", f"the file cannot be read: {error}", code="unreadable") from None


def _inspect(path: Path, told: FileFormat) -> Inspection:
    form = detected(path, told)
    table = open_table(path, form)
    if form.kind is FileKind.XLSX and form.sheet is None:
        form = replace(form, sheet=table.sheets[0])
    sights = [ColumnSight(name) for name in table.columns]
    sample: list[list[Any]] = []
    count = 0
    for record in table.rows:
        count += 1
        if count > LOOKED_AT or record.fault or record.is_blank:
            continue
        if len(sample) < SHOWN:
            sample.append([_shown(cell) for cell in record.cells])
        for sight, cell in zip(sights, record.cells, strict=False):
            sight.look(cell)
    return Inspection(format=form, sights=sights, row_count=count, sample=sample)


def _shown(cell: Any) -> Any:
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    return storable(str(cell)[:200])
