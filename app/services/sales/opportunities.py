"""Opportunities: created, read, found, changed, moved through their stages."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.domain.errors import Invalid
from app.domain.leads.leads import advanced
from app.domain.leads.status import LifecycleStage, stages_reached
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType, difference
from app.domain.ripeness.gates import Move
from app.domain.sales.opportunities import Opportunity, chosen_stage, placed
from app.domain.sales.pipelines import Pipeline, Stage, StageKind
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_currency
from app.services.leads.journal import record_moves
from app.services.patching import check_version
from app.services.ripeness.gates_keeping import GateKeeper

# Fields of a request that ask for what follows from the stage to be worked out anew.
_PLACING = frozenset({"pipeline_id", "stage_id", "probability", "lost_reason"})
# What a move to another stage changes, and the journal tells in the event of the move.
_MOVED = frozenset({"pipeline_id", "stage_id", "status", "probability", "closed_at", "lost_reason"})


class OpportunityService:
    """Use cases of opportunities."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        # The lifecycle stages that a won deal took its lead through.
        self._reached: tuple[str, ...] = ()

    async def create(self, fields: Mapping[str, Any]) -> Opportunity:
        """A new opportunity, in the first stage of the default pipeline unless told otherwise."""
        opportunity = await self.build(fields)
        await self.add(opportunity)
        await self._uow.flush()
        return opportunity

    async def get(self, opportunity_id: UUID) -> Opportunity:
        """One opportunity."""
        return await self._uow.opportunities.get(opportunity_id)

    async def page(
        self, filters: Mapping[str, Sequence[Any]], request: PageRequest
    ) -> Page[Opportunity]:
        """A page of opportunities, narrowed to these values of columns."""
        return await self._uow.opportunities.page(request, filters)

    async def update(
        self, opportunity_id: UUID, fields: Mapping[str, Any], if_match: int | None
    ) -> Opportunity:
        """Change the given fields; a null clears one. Stale when the version has moved on."""
        opportunity = await self._uow.opportunities.get(opportunity_id, lock=True)
        check_version(opportunity.version, if_match)
        changes = dict(fields)
        reason = changes.pop("override_reason", None)
        stage_id = opportunity.stage_id
        stored = await self.apply(opportunity, changes)
        move = Move(
            stage_id=stored.stage_id if stored.stage_id != stage_id else None,
            lifecycle_stages=self._reached,
        )
        await GateKeeper(self._uow).check_deal(stored.originating_lead_id, move, reason)
        await self._uow.flush()
        return stored

    async def build(
        self,
        fields: Mapping[str, Any],
        originating_lead_id: UUID | None = None,
        *,
        at: str = "",
    ) -> Opportunity:
        """The opportunity to store; pointers of errors begin with `at`."""
        pipelines = await self._uow.pipelines.all()
        stage = chosen_stage(pipelines, fields.get("pipeline_id"), fields.get("stage_id"), at=at)
        columns = dict(fields) | placed(stage, fields, {}, self._uow.now, at=at)
        _check_currency(fields, at)
        columns |= await self._currency(columns)
        return Opportunity(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            originating_lead_id=originating_lead_id,
            created_at=self._uow.now,
            updated_at=self._uow.now,
            **columns,
        )

    async def add(self, opportunity: Opportunity) -> None:
        """Store a new opportunity and tell the journal."""
        await self._uow.opportunities.add(opportunity)
        self._uow.record(
            EventType.OPPORTUNITY_CREATED,
            "opportunity",
            opportunity.id,
            {
                "name": opportunity.name,
                "stage_id": opportunity.stage_id,
                "status": opportunity.status,
                "amount_minor": opportunity.amount_minor,
                "currency": opportunity.currency,
                "account_id": opportunity.account_id,
                "contact_id": opportunity.contact_id,
                "owner_id": opportunity.owner_id,
            },
            lead_id=opportunity.originating_lead_id,
        )

    async def apply(self, opportunity: Opportunity, fields: Mapping[str, Any]) -> Opportunity:
        """The opportunity with these fields changed; its row is locked already."""
        before = dict(vars(opportunity))
        after = before | dict(fields)
        pipelines: list[Pipeline] = []
        if _PLACING & fields.keys():
            pipelines = await self._uow.pipelines.all()
            stage = _stage_after(pipelines, before, fields)
            after |= placed(stage, fields, before, self._uow.now)
        _check_currency(fields)
        _check_kept(before, after)
        after |= await self._currency(after)
        changed = difference(before, after)
        if not changed:
            return opportunity
        stamp = {"updated_at": self._uow.now, "version": opportunity.version + 1}
        changes = {name: after[name] for name in changed} | stamp
        stored = await self._uow.opportunities.change(opportunity.id, changes)
        self._tell(stored, changed, pipelines)
        if "status" in changed and stored.status == StageKind.WON:
            await self._lead_won(stored)
        await self._uow.flush()
        return stored

    async def _currency(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """The workspace's currency for an amount that has none."""
        if columns.get("amount_minor") is None or columns.get("currency") is not None:
            return {}
        settings = await self._uow.workspace_settings.get(self._uow.workspace_id)
        return {"currency": settings.default_currency}

    async def _lead_won(self, opportunity: Opportunity) -> None:
        """The lead the deal began with is a customer now."""
        lead_id = opportunity.originating_lead_id
        lead = (await self._uow.leads.lock_many([lead_id])).get(lead_id) if lead_id else None
        changes = advanced(lead, LifecycleStage.CUSTOMER, self._uow.now) if lead else {}
        if lead is None or not changes:
            return
        self._reached = stages_reached(lead.lifecycle_stage, changes["lifecycle_stage"])
        stamp = {"updated_at": self._uow.now, "version": lead.version + 1}
        await self._uow.leads.change(lead.id, changes | stamp)
        record_moves(self._uow, lead.id, difference(vars(lead), changes))

    def _tell(
        self,
        stored: Opportunity,
        changed: Mapping[str, Mapping[str, Any]],
        pipelines: Sequence[Pipeline],
    ) -> None:
        """One event for a move to another stage and one for the rest."""
        moved = _MOVED & changed.keys() if "stage_id" in changed else frozenset()
        if moved:
            names = {s.id: s.name for pipeline in pipelines for s in pipeline.stages}
            stages = {
                side: {"id": stage_id, "name": names.get(stage_id)}
                for side, stage_id in changed["stage_id"].items()
            }
            told = {"stage": stages, "changes": {name: changed[name] for name in sorted(moved)}}
            self._record(EventType.OPPORTUNITY_STAGE_CHANGED, stored, told)
        rest = {name: change for name, change in changed.items() if name not in moved}
        if rest:
            self._record(EventType.OPPORTUNITY_UPDATED, stored, {"changes": rest})

    def _record(self, event_type: EventType, stored: Opportunity, data: dict[str, Any]) -> None:
        lead_id = stored.originating_lead_id
        self._uow.record(event_type, "opportunity", stored.id, data, lead_id=lead_id)


def _check_currency(fields: Mapping[str, Any], at: str = "") -> None:
    if fields.get("currency") is not None:
        check_currency(fields["currency"], f"{at}/currency")


def _check_kept(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raise Invalid when an amount would lose its currency, and be as much of another."""
    lost = before["currency"] is not None and after["currency"] is None
    if lost and after["amount_minor"] is not None:
        raise Invalid.field("/currency", "an amount needs a currency; clear amount_minor as well")


def _stage_after(
    pipelines: Sequence[Pipeline], before: Mapping[str, Any], fields: Mapping[str, Any]
) -> Stage:
    """The stage after the change: the present one, unless another or another pipeline is named."""
    pipeline_id = fields.get("pipeline_id")
    stage_id = fields.get("stage_id")
    if stage_id is None and pipeline_id in (None, before["pipeline_id"]):
        stage_id = before["stage_id"]
    return chosen_stage(pipelines, pipeline_id, stage_id)
