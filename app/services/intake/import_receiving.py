"""Files of rows taken in: looked at, stored in pieces, and what their columns can become."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from app.domain.access.api_keys import Scope
from app.domain.errors import Forbidden
from app.domain.intake.import_fields import TARGETS, ImportKind, ValueType
from app.domain.intake.import_files import FileFormat
from app.domain.intake.import_names import column_names_of
from app.domain.intake.imports import Import, ImportStatus, default_options
from app.domain.intake.storable import storable
from app.domain.leads.custom_fields import FieldType
from app.domain.reach.events import EventType
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.import_inspection import Inspection, inspect

PIECE = 1024 * 1024
InThread = Callable[..., Awaitable[Inspection]]

_CUSTOM_TYPES = {
    FieldType.TEXT: ValueType.TEXT,
    FieldType.NUMBER: ValueType.NUMBER,
    FieldType.BOOLEAN: ValueType.BOOLEAN,
    FieldType.DATE: ValueType.DATE,
    FieldType.CHOICE: ValueType.CHOICE,
}


@dataclass(frozen=True, kw_only=True)
class SentFile:
    """A file on the disk, as somebody sent it."""

    path: Path
    name: str
    size: int
    sha256: str


def measured(path: Path, name: str) -> SentFile:
    """A file that lies on the disk already."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return SentFile(path=path, name=name, size=path.stat().st_size, sha256=digest.hexdigest())


class ImportReceiver:
    """Use cases of files that come in."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def receive(
        self,
        file: SentFile,
        *,
        name: str | None,
        kind: ImportKind,
        told: FileFormat,
        in_thread: InThread,
    ) -> tuple[Import, list[list[Any]]]:
        """Look at a file that was sent and store it; the import, and the cells of its first rows.
        No transaction is open while it is looked at."""
        self._check_scopes(kind)
        found = await in_thread(inspect, file.path, told)
        named = storable((name or file.name or "upload")[:200])
        sent = SentFile(path=file.path, name=named, size=file.size, sha256=file.sha256)
        return await self.create(sent, kind, found), found.sample

    def _check_scopes(self, kind: ImportKind) -> None:
        scopes = self._uow.caller.scopes
        if kind is ImportKind.OPPORTUNITIES and Scope.SALES_WRITE not in scopes:
            raise Forbidden(f"an import of {kind.value} needs the scope {Scope.SALES_WRITE}")

    async def create(self, file: SentFile, kind: ImportKind, found: Inspection) -> Import:
        """Store a file with what was found in it; its mapping is the suggested one."""
        now, caller = self._uow.now, self._uow.caller
        declared = await self._uow.custom_fields.by_key()
        labels = {key: field.label for key, field in declared.items()}
        columns = found.columns(kind, labels)
        import_ = Import(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            name=file.name,
            kind=kind.value,
            status=ImportStatus.READY.value,
            file_hash=file.sha256,
            file_size=file.size,
            format=found.format.told(),
            columns=columns,
            mapping=[{"column": column["name"], "to": column["suggested"]} for column in columns],
            options=default_options(found.format.kind),
            row_count=found.row_count,
            cursor=0,
            counts={},
            preview={},
            error=None,
            job_id=None,
            user_id=caller.user_id,
            api_key_id=caller.api_key_id,
            started_at=None,
            finished_at=None,
            created_at=now,
            updated_at=now,
            version=1,
        )
        await self._uow.imports.add(import_)
        await self._store(file, import_.id)
        told = {"import_kind": kind.value, "name": file.name, "rows": found.row_count}
        self._uow.record(EventType.IMPORT_CREATED, "import", import_.id, told)
        await self._uow.flush()
        return import_

    async def _store(self, file: SentFile, import_id: UUID) -> None:
        with file.path.open("rb") as stream:
            number = 0
            while piece := stream.read(PIECE):
                await self._uow.imports.add_pieces(import_id, number, [piece])
                number += 1

    async def of_file(self, file: SentFile) -> Import | None:
        """The newest import of this very file."""
        return await self._uow.imports.of_file(file.sha256, file.name)

    async def fields(self) -> list[dict[str, Any]]:
        """What columns can go to, custom fields among it."""
        names = column_names_of()
        fields: list[dict[str, Any]] = [
            {
                "name": target.name,
                "type": target.type,
                "kinds": sorted(target.kinds),
                "also_called": names[target.name],
            }
            for target in TARGETS.values()
        ]
        for key, field in (await self._uow.custom_fields.by_key()).items():
            fields.append(
                {
                    "name": f"custom.{key}",
                    "type": _CUSTOM_TYPES[FieldType(field.type)],
                    "kinds": [ImportKind.LEADS],
                    "also_called": [field.label],
                }
            )
        return fields
