"""Imports as the workspace sees them: a file sent, its mapping confirmed, a job started."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.domain.access.api_keys import Caller, Scope
from app.domain.errors import Conflict, Forbidden, Invalid
from app.domain.intake.import_fields import ImportKind
from app.domain.intake.imports import (
    Import,
    ImportRow,
    ImportStatus,
    Mode,
    Phase,
    RowOutcome,
    check_rules,
    open_questions,
)
from app.domain.leads.custom_fields import CustomField
from app.domain.paging import Page, PageRequest
from app.domain.reach.jobs import JobStatus
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_currency, check_time_zone
from app.services.patching import check_version

RUN_IMPORT = "run_import"
PREVIEW_IMPORT = "preview_import"
UNDO_IMPORT = "undo_import"
_LIVE = (JobStatus.QUEUED, JobStatus.FAILED, JobStatus.RUNNING)


class ImportService:
    """Use cases of imports."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    @property
    def caller(self) -> Caller:
        """On whose behalf what is streamed is read."""
        return self._uow.caller

    async def rows(
        self,
        import_id: UUID,
        phase: Phase,
        outcomes: Sequence[RowOutcome],
        request: PageRequest,
    ) -> Page[ImportRow]:
        """A page of what became of rows, in the order of the file."""
        await self._uow.imports.get(import_id)
        return await self._uow.imports.rows.page_of(import_id, phase, outcomes, request)

    async def get(self, import_id: UUID) -> Import:
        """One import."""
        return await self._uow.imports.get(import_id)

    async def page(
        self, filters: Mapping[str, Sequence[Any]], request: PageRequest
    ) -> Page[Import]:
        """A page of imports, narrowed to these values of columns."""
        return await self._uow.imports.page(request, filters)

    async def update(
        self, import_id: UUID, changes: Mapping[str, Any], if_match: int | None
    ) -> Import:
        """Confirm or change the mapping and how rows are taken, before it starts."""
        import_ = await self._uow.imports.get(import_id, lock=True)
        check_version(import_.version, if_match)
        import_.check_may("be changed")
        values: dict[str, Any] = {}
        if "mapping" in changes:
            values["mapping"] = await self._checked_mapping(import_, changes["mapping"])
        if "options" in changes:
            values["options"] = await self._checked_options(import_, changes["options"])
        stored = await self._changed(import_, values)
        await self._uow.flush()
        return stored

    async def _checked_mapping(
        self, import_: Import, rules: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        declared = await self._uow.custom_fields.by_key()
        names = [column["name"] for column in import_.columns]
        types = {key: field.type for key, field in declared.items()}
        check_rules(rules, names, ImportKind(import_.kind), types)
        for number, rule in enumerate(rules):
            _check_codes(rule, f"/mapping/{number}")
        told = {rule["column"]: rule for rule in rules}
        # What is not told stays unmapped, so that the list always shows every column.
        return [told.get(name, {"column": name, "to": None}) for name in names]

    async def _checked_options(self, import_: Import, given: Mapping[str, Any]) -> dict[str, Any]:
        options = import_.options | dict(given)
        _check_codes(options, "/options")
        defaults = options["defaults"] or {}
        for name, known in (
            ("campaign_id", self._uow.campaigns),
            ("owner_id", self._uow.users),
            ("team_id", self._uow.teams),
        ):
            wanted = defaults.get(name)
            if wanted and not await known.existing([UUID(str(wanted))]):
                detail = "no such record in this workspace"
                raise Invalid.field(f"/options/defaults/{name}", detail, code="not_found")
        return options

    async def preview(self, import_id: UUID, *, as_job: bool = True) -> Import:
        """Have every row looked at and none taken; the job counts what would become of them."""
        import_ = await self._uow.imports.get(import_id, lock=True)
        if import_.status != ImportStatus.PREVIEWING or await self._has_job(import_):
            import_.check_may("be previewed")
        await self.check_sound(import_)
        kind = PREVIEW_IMPORT if as_job else None
        return await self._begun(import_, ImportStatus.PREVIEWING, kind, values={"preview": {}})

    async def start(self, import_id: UUID, *, as_job: bool = True) -> Import:
        """Begin, or go on after a failure, a cancellation or the end of its job."""
        import_ = await self._uow.imports.get(import_id, lock=True)
        if import_.status != ImportStatus.RUNNING or await self._has_job(import_):
            import_.check_may("be started")
        await self.check_sound(import_)
        anew = import_.status == ImportStatus.READY
        kind = RUN_IMPORT if as_job else None
        begun = {"started_at": import_.started_at or self._uow.now, "error": None}
        return await self._begun(import_, ImportStatus.RUNNING, kind, anew=anew, values=begun)

    async def cancel(self, import_id: UUID) -> Import:
        """Stop where it is: what is taken stays, and it can be started again or undone."""
        import_ = await self._uow.imports.get(import_id, lock=True)
        import_.check_may("be cancelled")
        previewing = import_.status == ImportStatus.PREVIEWING
        status = ImportStatus.READY if previewing else ImportStatus.CANCELLED
        cursor = 0 if previewing else import_.cursor
        stored = await self._changed(import_, {"status": status.value, "cursor": cursor})
        await self._uow.flush()
        return stored

    async def undo(self, import_id: UUID) -> Import:
        """Take back what it made and changed, but for what somebody has touched since."""
        import_ = await self._uow.imports.get(import_id, lock=True)
        import_.check_may("be undone")
        if import_.kind != ImportKind.LEADS:
            raise Conflict(
                "touches, conversions and history are on the record for good; only an import of "
                "leads can be undone"
            )
        return await self._begun(import_, ImportStatus.UNDOING, UNDO_IMPORT, anew=False)

    async def check_sound(self, import_: Import) -> None:
        """Raise Invalid unless its rows can be read without a guess, and say whose they are."""
        declared: Mapping[str, CustomField] = await self._uow.custom_fields.by_key()
        types = {key: field.type for key, field in declared.items()}
        names = [column["name"] for column in import_.columns]
        check_rules(import_.mapping, names, ImportKind(import_.kind), types)
        questions = open_questions(import_.mapping, import_.columns, import_.options, types)
        if questions:
            raise Invalid("the mapping leaves questions open", code="ambiguous", errors=questions)
        targets = {rule["to"] for rule in import_.mapping if rule.get("to")}
        _check_enough(import_, targets)
        if "converted_at" in targets and Scope.SALES_WRITE not in self._uow.caller.scopes:
            raise Forbidden(f"to convert leads needs the scope {Scope.SALES_WRITE}")

    async def _has_job(self, import_: Import) -> bool:
        if import_.job_id is None:
            return False
        found = await self._uow.jobs.existing([import_.job_id])
        if not found:
            return False
        return (await self._uow.jobs.get(import_.job_id)).status in _LIVE

    async def _begun(
        self,
        import_: Import,
        status: ImportStatus,
        job_kind: str | None,
        *,
        anew: bool = True,
        values: Mapping[str, Any] | None = None,
    ) -> Import:
        job_id = None
        if job_kind is not None:
            job_id = await self._uow.jobs.add(job_kind, {"import_id": str(import_.id)})
        changes = {"status": status.value, "job_id": job_id, "finished_at": None, **(values or {})}
        if anew:
            changes["cursor"] = 0
        stored = await self._changed(import_, changes)
        await self._uow.flush()
        return stored

    async def _changed(self, import_: Import, values: Mapping[str, Any]) -> Import:
        stamp = {"updated_at": self._uow.now, "version": import_.version + 1}
        return await self._uow.imports.change(import_.id, {**values, **stamp})


_FINDING = frozenset({"email", "external_id", "lead_id"})
_NAMING = _FINDING | {"first_name", "last_name", "full_name", "company", "phone"}


def _check_enough(import_: Import, targets: set[str]) -> None:
    """A file has to say whose its rows are, and what happened when."""
    kind = ImportKind(import_.kind)
    if kind is ImportKind.LEADS:
        wanted = _FINDING if import_.options["mode"] == Mode.UPDATE else _NAMING
        needed: set[str] = set()
    else:
        wanted = _FINDING
        needed = {
            ImportKind.TOUCHPOINTS: {"touch.kind", "touch.occurred_at"},
            ImportKind.OPPORTUNITIES: {"converted_at"},
            ImportKind.AUDIT: {"audit.field", "audit.new", "audit.at"},
        }[kind]
    missing = [f"one of {', '.join(sorted(wanted))}"] if not targets & wanted else []
    missing += sorted(needed - targets)
    if missing:
        detail = f"map a column to {'; '.join(missing)}"
        raise Invalid.field("/mapping", detail, code="missing")


def _check_codes(told: Mapping[str, Any], at: str) -> None:
    if told.get("currency"):
        check_currency(told["currency"], f"{at}/currency")
    if told.get("time_zone"):
        check_time_zone(told["time_zone"], f"{at}/time_zone")
