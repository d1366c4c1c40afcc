"""Imports, and the pieces of their files."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from uuid import UUID

from sqlalchemy import delete, select, update

from app.domain.intake.imports import Import
from app.repositories.intake.import_lookups import ImportLookupRepository
from app.repositories.intake.import_rows import ImportRowRepository
from app.repositories.intake.import_undo import ImportUndoRepository
from app.repositories.resources import Resources
from app.repositories.statements import (
    Statement,
    add_rows,
    as_arrays,
    built,
    own,
    param,
)
from app.repositories.tables.imports import import_files, imports

c = imports.c
f = import_files.c


class ImportRepository(Resources[Import]):
    """Imports by id, page and file."""

    table = imports
    entity = Import
    noun = "import"

    @cached_property
    def rows(self) -> ImportRowRepository:
        """What became of their rows."""
        return ImportRowRepository(self._transaction)

    @cached_property
    def lookups(self) -> ImportLookupRepository:
        """Records by the names that cells call them."""
        return ImportLookupRepository(self._transaction)

    @cached_property
    def undoing(self) -> ImportUndoRepository:
        """What undoing does to leads."""
        return ImportUndoRepository(self._transaction)

    async def of_file(self, file_hash: str, name: str) -> Import | None:
        """The newest import of a file with these contents and this name."""
        row = await self._transaction.row(_OF_FILE, file_hash=file_hash, name=name)
        return built(Import, row) if row else None

    async def advance(
        self, import_: Import, cursor: int, counts: Mapping[str, int], *, preview: bool
    ) -> bool:
        """Note how far it is; False when it was called off, or somebody else has been there."""
        row = await self._transaction.row(
            _ADVANCE["preview" if preview else "counts"],
            id=import_.id,
            status=import_.status,
            cursor=import_.cursor,
            new_cursor=cursor,
            new_counts=dict(counts),
            new_updated_at=self._transaction.now,
        )
        return row is not None

    async def add_pieces(self, import_id: UUID, first: int, pieces: Sequence[bytes]) -> None:
        """Store pieces of the file, numbered on from the first."""
        rows = [
            {
                "workspace_id": self._transaction.workspace_id,
                "import_id": import_id,
                "number": number,
                "data": piece,
            }
            for number, piece in enumerate(pieces, first)
        ]
        await self._transaction.rows(add_rows(import_files), **as_arrays(import_files, rows))

    async def piece(self, import_id: UUID, number: int) -> bytes | None:
        """One piece of the file; None behind the last."""
        row = await self._transaction.row(_PIECE, import_id=import_id, number=number)
        return row["data"] if row else None

    async def drop_file(self, import_id: UUID) -> None:
        """Forget the file; its rows are dealt with."""
        await self._transaction.rows(_DROP_FILE, import_id=import_id)


def _advance(counted: str) -> Statement:
    return Statement(
        update(imports)
        .where(
            own(imports),
            c.id == param("id", c.id),
            c.status == param("status", c.status),
            c.cursor == param("cursor", c.cursor),
        )
        .values(
            {
                "cursor": param("new_cursor", c.cursor),
                counted: param("new_counts", c.counts),
                "updated_at": param("new_updated_at", c.updated_at),
                "version": c.version + 1,
            }
        )
        .returning(c.id)
    )


_ADVANCE = {counted: _advance(counted) for counted in ("counts", "preview")}
_OF_FILE = Statement(
    select(imports)
    .where(
        own(imports),
        c.file_hash == param("file_hash", c.file_hash),
        c.name == param("name", c.name),
    )
    .order_by(c.created_at.desc(), c.id.desc())
    .limit(1)
)
_PIECE = Statement(
    select(f.data).where(
        own(import_files),
        f.import_id == param("import_id", f.import_id),
        f.number == param("number", f.number),
    )
)
_DROP_FILE = Statement(
    delete(import_files).where(own(import_files), f.import_id == param("import_id", f.import_id))
)
