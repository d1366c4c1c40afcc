"""The jobs of imports: a pass over the file, cut into several jobs where it takes long."""

from collections.abc import Awaitable, Callable
from time import monotonic
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.intake.import_files import UnreadableFile
from app.domain.intake.imports import ImportStatus, Phase
from app.domain.reach.jobs import LeaseLost
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.import_running import ImportRunner, Superseded
from app.services.intake.import_undoing import ImportUndoing
from app.services.intake.imports import PREVIEW_IMPORT, RUN_IMPORT, UNDO_IMPORT
from app.services.reach.job_runner import JobContext

# A job may take fifteen minutes; what is left after these is another's.
AT_MOST_SECONDS = 8 * 60

Handling = Callable[[JobContext], Awaitable[None]]


def import_handlers(database: Database) -> dict[str, Handling]:
    """The handler of each kind of job of imports."""
    return {
        RUN_IMPORT: running(database, Phase.RUN),
        PREVIEW_IMPORT: running(database, Phase.PREVIEW),
        UNDO_IMPORT: undoing(database),
    }


def running(database: Database, phase: Phase) -> Handling:
    """The handler of jobs that pass over a file."""
    kind = RUN_IMPORT if phase is Phase.RUN else PREVIEW_IMPORT

    async def run_import(context: JobContext) -> None:
        """Go on with the import; leave the rest to another job when it is late."""
        import_id = UUID(context.payload["import_id"])
        runner = ImportRunner(database, context.job.workspace_id, hold=_holding(context))
        until = monotonic() + AT_MOST_SECONDS
        try:
            done = await runner.run(import_id, phase, until=until)
        except (Superseded, NotFound):
            return
        except UnreadableFile as error:
            await _fail(context, import_id, str(error), phase)
            return
        if not done:
            await _pass_on(context, import_id, kind)

    return run_import


def undoing(database: Database) -> Handling:
    """The handler of jobs that take an import back."""

    async def undo_import(context: JobContext) -> None:
        """Go on taking back; leave the rest to another job when it is late."""
        import_id = UUID(context.payload["import_id"])
        work = ImportUndoing(database, context.job.workspace_id, hold=_holding(context))
        try:
            done = await work.run(import_id, until=monotonic() + AT_MOST_SECONDS)
        except (Superseded, NotFound):
            return
        if not done:
            await _pass_on(context, import_id, UNDO_IMPORT)

    return undo_import


def _holding(context: JobContext) -> Callable[[UnitOfWork], Awaitable[None]]:
    async def hold(uow: UnitOfWork) -> None:
        try:
            await uow.jobs.hold(context.job)
        except LeaseLost:
            raise Superseded from None

    return hold


async def _pass_on(context: JobContext, import_id: UUID, kind: str) -> None:
    async with context.finishing() as uow:
        job_id = await uow.jobs.add(kind, {"import_id": str(import_id)})
        import_ = await uow.imports.get(import_id, lock=True)
        changes = {"job_id": job_id, "updated_at": uow.now, "version": import_.version + 1}
        await uow.imports.change(import_id, changes)


async def _fail(context: JobContext, import_id: UUID, error: str, phase: Phase) -> None:
    async with context.finishing() as uow:
        import_ = await uow.imports.get(import_id, lock=True)
        failed = ImportStatus.FAILED if phase is Phase.RUN else ImportStatus.READY
        changes = {
            "status": failed.value,
            "error": error,
            "updated_at": uow.now,
            "version": import_.version + 1,
        }
        await uow.imports.change(import_id, changes)
