"""Qualification: what the answers come to, and the moves that rest on it."""

from typing import Any
from uuid import UUID

from app.domain.errors import Conflict, IllegalMove, Invalid
from app.domain.leads.leads import Lead, advanced, moved
from app.domain.leads.status import LEGAL_MOVES, LifecycleStage, Status
from app.domain.reach.events import EventType, difference
from app.domain.ripeness.assessments import Qualification, qualification_of
from app.domain.ripeness.gates import Move
from app.domain.ripeness.verdicts import Outcome
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.journal import record_moves, remaining
from app.services.leads.score_keeping import ScoreKeeper
from app.services.leads.verdicts import definition_in_force
from app.services.patching import check_version
from app.services.ripeness.gates_keeping import GateKeeper


class QualificationService:
    """Use cases of qualification."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def of_lead(self, lead_id: UUID, framework: str | None = None) -> Qualification:
        """What is known of a lead in a framework, by default the workspace's own, and the verdict
        of the version that is in force."""
        await self._uow.leads.get(lead_id)
        return await self.verdict(lead_id, framework)

    async def verdict(self, lead_id: UUID, framework: str | None = None) -> Qualification:
        """The verdict on the stored answers of a lead."""
        settings = await self._uow.workspace_settings.get(self._uow.workspace_id)
        key = framework or settings.default_framework
        definition = await definition_in_force(self._uow, settings, key)
        if definition is None:
            detail = "no version of such a framework is published"
            raise Invalid.parameter("framework", detail, code="not_found")
        stored = await self._uow.assessments.newest_answers(lead_id, key)
        return qualification_of(lead_id, definition, stored, self._uow.now)

    async def qualify(
        self, lead_id: UUID, override_reason: str | None, if_match: int | None
    ) -> Lead:
        """The lead, qualified and at least an SQL.

        Conflict `not_qualified` unless the verdict says so or there is a reason to override it.
        """
        lead = await self._locked(lead_id, if_match)
        changes = moved(lead, Status.QUALIFIED)
        found = await self.verdict(lead_id)
        reason = override_reason if override_reason and override_reason.strip() else None
        if found.outcome is not Outcome.QUALIFIED and reason is None:
            raise _not_qualified(found)
        changes |= advanced(lead, LifecycleStage.SQL, self._uow.now) | found.lead_columns
        told = {"verdict": _told(found), "override_reason": reason}
        return await self._move(lead, changes, EventType.LEAD_QUALIFIED, told, reason)

    async def disqualify(
        self,
        lead_id: UUID,
        reason: str,
        note: str | None,
        if_match: int | None,
        override_reason: str | None = None,
    ) -> Lead:
        """The lead, disqualified for a reason of the workspace's list."""
        lead = await self._locked(lead_id, if_match)
        settings = await self._uow.workspace_settings.get(self._uow.workspace_id)
        codes = [known["code"] for known in settings.disqualify_reasons]
        if reason not in codes:
            raise Invalid.field("/reason", f"must be one of: {', '.join(codes)}")
        why = {"disqualified_reason": reason, "disqualified_note": note}
        changes = moved(lead, Status.DISQUALIFIED) | why
        told = {"reason": reason, "note": note}
        return await self._move(lead, changes, EventType.LEAD_DISQUALIFIED, told, override_reason)

    async def reactivate(
        self,
        lead_id: UUID,
        status: Status,
        note: str | None,
        if_match: int | None,
        override_reason: str | None = None,
    ) -> Lead:
        """A disqualified lead, at work again; why it was disqualified stays in the journal."""
        lead = await self._locked(lead_id, if_match)
        if lead.status != Status.DISQUALIFIED:
            raise _not_disqualified(lead)
        told = {"reason": lead.disqualified_reason, "note": note}
        changes = moved(lead, status)
        return await self._move(lead, changes, EventType.LEAD_REACTIVATED, told, override_reason)

    async def _locked(self, lead_id: UUID, if_match: int | None) -> Lead:
        lead = await self._uow.leads.get(lead_id, lock=True)
        check_version(lead.version, if_match)
        return lead

    async def _move(
        self,
        lead: Lead,
        changes: dict[str, Any],
        event_type: EventType,
        told: dict[str, Any],
        override_reason: str | None,
    ) -> Lead:
        stamp = {"updated_at": self._uow.now, "version": lead.version + 1}
        stored = await self._uow.leads.change(lead.id, changes | stamp)
        await GateKeeper(self._uow).check(
            lead.id, Move.of(lead.lifecycle_stage, changes), override_reason
        )
        changed = difference(vars(lead), changes)
        record_moves(self._uow, lead.id, changed)
        if rest := remaining(changed):
            told |= {"changes": rest}
        self._uow.record(event_type, "lead", lead.id, told, lead_id=lead.id)
        if event_type is EventType.LEAD_REACTIVATED:
            # What it did meanwhile may have taken it to a stage.
            await ScoreKeeper(self._uow).advance([lead.id], {lead.id: stored})
        await self._uow.flush()
        return await ScoreKeeper(self._uow).show(stored)


def _told(found: Qualification) -> dict[str, Any]:
    return {
        "outcome": found.outcome,
        "score": found.score,
        "completeness": found.completeness,
        "missing": found.missing,
    }


def _not_qualified(found: Qualification) -> Conflict:
    return Conflict(
        f"the verdict is {found.outcome}: {'; '.join(found.reasons)}; "
        "an override_reason qualifies the lead all the same",
        code="not_qualified",
        extra={"verdict": _told(found), "missing": found.missing},
    )


def _not_disqualified(lead: Lead) -> IllegalMove:
    legal = sorted(LEGAL_MOVES[Status(lead.status)])
    return IllegalMove(
        f"only a disqualified lead can be reactivated, and this one is {lead.status}",
        extra={"lead_status": lead.status, "legal_moves": legal},
    )
