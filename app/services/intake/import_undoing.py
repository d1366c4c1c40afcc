"""An import taken back: leads it made are deleted, values it changed are as they were before.

What somebody has touched since stays, and is listed: a lead of which the journal tells anything
else, a field that has another value than the import gave it. Touches stay on the record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any
from uuid import UUID

from app.domain.access.api_keys import Caller
from app.domain.errors import DomainError
from app.domain.intake.fitting import LEAD_FIELDS
from app.domain.intake.imports import Import, ImportRow, ImportStatus, RowOutcome
from app.domain.leads.field_history import told_changes
from app.domain.leads.leads import Lead
from app.domain.leads.status import Status
from app.domain.reach.events import Cause, CauseKind, Event, EventType
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.import_running import Hold, Superseded
from app.services.leads.journal import caused_by
from app.services.leads.leads import LeadService
from app.services.leads.score_keeping import ScoreKeeper

ROWS_AT_ONCE = 500
_RESTORED = LEAD_FIELDS | {"campaign_id", "owner_id", "team_id", "custom"}


class ImportUndoing:
    """Takes back the rows of an import, the last first."""

    def __init__(self, database: Database, workspace_id: UUID, *, hold: Hold | None = None) -> None:
        self._database = database
        self._caller = Caller(workspace_id=workspace_id, api_key_id=None, scopes=frozenset())
        self._hold = hold

    async def run(self, import_id: UUID, *, until: float | None = None) -> bool:
        """Go on to the end, or until it is late; whether it is done. Superseded when the import is
        not being undone."""
        more = True
        while more:
            if until is not None and monotonic() > until:
                return False
            async with UnitOfWork(self._database, self._caller) as uow:
                if self._hold:
                    await self._hold(uow)
                import_ = await uow.imports.get(import_id, lock=True)
                if import_.status != ImportStatus.UNDOING:
                    raise Superseded
                # On behalf of who sent it, as it was when it was taken in.
                caller = replace(
                    self._caller, user_id=import_.user_id, api_key_id=import_.api_key_id
                )
                uow.caller = caller
                more = await _Undoing(uow, import_).turn()
        return True


class _Undoing:
    """One set of rows."""

    def __init__(self, uow: UnitOfWork, import_: Import) -> None:
        self._uow = uow
        self._import = import_
        self._cause = Cause(CauseKind.IMPORT, import_.id, f"undo of {import_.name}")

    async def turn(self) -> bool:
        """Take back the next rows; False when none is left."""
        rows = await self._uow.imports.rows.to_undo(self._import.id, ROWS_AT_ONCE)
        if not rows:
            await self._finish()
            return False
        ids = {row.lead_id for row in rows if row.lead_id}
        leads = await self._uow.leads.lock_many(ids)
        told: dict[int, dict[str, Any]] = {}
        created = [row for row in rows if row.outcome == RowOutcome.CREATED]
        told |= await self._delete(created, leads)
        told |= await self._restore([row for row in rows if row not in created], leads)
        await self._uow.imports.rows.mark_undone(self._import.id, told)
        await self._advance()
        await self._uow.flush()
        return True

    async def _delete(
        self, rows: Sequence[ImportRow], leads: Mapping[UUID, Lead]
    ) -> dict[int, dict[str, Any]]:
        ids = leads.keys() & {row.lead_id for row in rows}
        touched = await self._uow.imports.rows.touched_by_others(self._import.id, ids)
        told: dict[int, dict[str, Any]] = {}
        gone: list[UUID] = []
        for row in rows:
            lead = leads.get(row.lead_id) if row.lead_id else None
            if lead is None:
                told[row.line] = _kept("the lead is deleted or merged already")
            elif lead.status == Status.CONVERTED:
                told[row.line] = _kept("the lead is converted")
            elif lead.id in touched:
                told[row.line] = _kept("somebody has touched the lead since")
            else:
                told[row.line] = {"outcome": "deleted"}
                gone.append(lead.id)
        if gone:
            await self._uow.imports.undoing.delete(gone)
            await ScoreKeeper(self._uow).drop(gone)
        change = {"deleted_at": {"before": None, "after": self._uow.now}}
        for lead_id in gone:
            data = {"changes": change} | caused_by(self._cause)
            self._uow.record(EventType.LEAD_DELETED, "lead", lead_id, data, lead_id=lead_id)
        return told

    async def _restore(
        self, rows: Sequence[ImportRow], leads: Mapping[UUID, Lead]
    ) -> dict[int, dict[str, Any]]:
        if not rows:
            return {}
        events: dict[tuple[UUID | None, Any], list[Event]] = {}
        for event in await self._uow.imports.rows.changes_made(rows):
            if (event.data.get("cause") or {}).get("id") == str(self._import.id):
                events.setdefault((event.lead_id, event.recorded_at), []).append(event)
        told: dict[int, dict[str, Any]] = {}
        for row in rows:
            if row.lead_id is None or row.lead_id not in leads:
                told[row.line] = _kept("the lead is deleted or merged already")
                continue
            # Two rows of one set may have changed the same lead: both are told by the same events.
            made = events.pop((row.lead_id, row.recorded_at), [])
            told[row.line] = await self._take_back(row.lead_id, made)
        instants = [row.recorded_at for row in rows]
        await self._uow.imports.undoing.release_added(
            leads.keys() & {row.lead_id for row in rows}, instants
        )
        return told

    async def _take_back(self, lead_id: UUID, events: Sequence[Event]) -> dict[str, Any]:
        """The values from before the events, the newest of which comes first."""
        lead = await self._uow.leads.get(lead_id)
        values: dict[str, Any] = {}
        kept: set[str] = set()
        for event in events:
            for name, (before, after) in told_changes(event).items():
                if name not in _RESTORED:
                    continue
                if name == "custom":
                    _custom_before(lead, values, kept, before or {}, after or {})
                elif values.get(name, getattr(lead, name)) == after:
                    values[name] = before
                else:
                    kept.add(name)
        values = {name: value for name, value in values.items() if name not in kept}
        try:
            await LeadService(self._uow).apply(lead, values, self._cause)
        except DomainError as error:
            return _kept(error.detail)
        return {"outcome": "restored"} | ({"kept": sorted(kept)} if kept else {})

    async def _advance(self) -> None:
        stamp = {"updated_at": self._uow.now, "version": self._import.version + 1}
        await self._uow.imports.change(self._import.id, stamp)

    async def _finish(self) -> None:
        counts = await self._uow.imports.rows.undone_counts(self._import.id)
        changes = {
            "status": ImportStatus.UNDONE.value,
            "counts": self._import.counts | counts,
            "updated_at": self._uow.now,
            "version": self._import.version + 1,
        }
        await self._uow.imports.change(self._import.id, changes)
        await self._uow.imports.drop_file(self._import.id)
        told = {"name": self._import.name, **counts}
        self._uow.record(EventType.IMPORT_UNDONE, "import", self._import.id, told)
        await self._uow.flush()


def _custom_before(
    lead: Lead,
    values: dict[str, Any],
    kept: set[str],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Custom fields one by one, for others may have changed beside them."""
    restored = values.setdefault("custom", {})
    for key in before.keys() | after.keys():
        present = restored.get(key, lead.custom.get(key))
        if before.get(key) == after.get(key):
            continue
        if present == after.get(key):
            restored[key] = before.get(key)
        else:
            kept.add(f"custom.{key}")


def _kept(detail: str) -> dict[str, Any]:
    return {"outcome": "kept", "detail": detail}
