"""Performs the demo's history through the services everybody uses, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import singledispatchmethod
from typing import Any
from uuid import UUID

from app.domain.access.api_keys import Caller
from app.domain.access.users import Role
from app.domain.errors import AlreadyExists
from app.domain.intake.capture import Candidate, OnDuplicate
from app.domain.leads.status import Status
from app.domain.paging import PageRequest
from app.domain.record.campaigns import CampaignStatus
from app.domain.ripeness.assessments import BANT, NewAssessment
from app.domain.sales.conversion import Choice, OnMatch, Wanted
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller
from app.services.access.teams import TeamService
from app.services.access.users import UserService
from app.services.demo import history
from app.services.demo.answers import answers_of
from app.services.demo.people import USERS, user_address
from app.services.demo.touches import CAMPAIGNS, Plan
from app.services.intake.capture import CaptureService
from app.services.record.campaigns import CampaignService
from app.services.record.touchpoints import BatchItem, TouchpointService
from app.services.ripeness.assessments import AssessmentService
from app.services.ripeness.gates_keeping import GatedLeadService
from app.services.ripeness.qualification import QualificationService
from app.services.sales.conversion import ConversionService
from app.services.sales.opportunities import OpportunityService

SYSTEM = "touchline_demo"


async def seed_demo(database: Database, workspace_id: UUID) -> dict[str, int] | None:
    """Fill a workspace and tell how many rows of each kind; None when that was done before."""
    async with UnitOfWork(database, system_caller(workspace_id)) as uow:
        marked = await uow.campaigns.page(PageRequest(limit=1), {"source_system": [SYSTEM]})
        if marked.data:
            return None
        return await _Performance(uow).run()


class _Performance:
    """Moves the unit of work's clock and caller from step to step, as if each had happened then."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._end = uow.now
        self._system = uow.caller
        self._users: list[UUID] = []
        self._teams: dict[str, UUID] = {}
        self._campaigns: list[UUID] = []
        self._leads: dict[int, UUID] = {}
        self._deals: dict[int, UUID] = {}
        self._stages: dict[str, UUID] = {}
        # Touches by the user who tells them; they are handed in week by week, many in a statement.
        self._touches: dict[int | None, list[BatchItem]] = {}
        self._counts = dict.fromkeys(("leads", "touchpoints", "assessments", "opportunities"), 0)

    async def run(self) -> dict[str, int]:
        steps = history.History(self._end).steps()
        self._uow.now = steps[0].at - timedelta(days=1)
        await self._staff()
        await self._advertise()
        for pipeline in await self._uow.pipelines.all():
            self._stages |= {stage.name: stage.id for stage in pipeline.stages}
        for step in steps:
            if step.at.isocalendar().week != self._uow.now.isocalendar().week:
                await self._record_touches()
            self._uow.now = step.at
            self._uow.caller = self._acting(step.by)
            await self._do(step)
        await self._record_touches()
        return {"users": len(self._users), "campaigns": len(self._campaigns), **self._counts}

    def _acting(self, user: int | None) -> Caller:
        return self._system if user is None else replace(self._system, user_id=self._users[user])

    async def _staff(self) -> None:
        teams, users = TeamService(self._uow), UserService(self._uow)
        for name, role, team, time_zone in USERS:
            if team is not None and team not in self._teams:
                self._teams[team] = (await teams.create(team)).id
            team_id = self._teams[team] if team else None
            user = await users.create(name, user_address(name), Role(role), team_id, time_zone)
            self._users.append(user.id)

    async def _advertise(self) -> None:
        for plan in CAMPAIGNS:
            campaign = await CampaignService(self._uow).create(self._campaign_fields(plan))
            self._campaigns.append(campaign.id)

    def _campaign_fields(self, plan: Plan) -> dict[str, object]:
        def day(ago: int | None) -> date | None:
            return None if ago is None else (self._end - timedelta(days=ago)).date()

        return {
            "name": plan.name,
            "kind": plan.kind,
            "channel": plan.channel,
            "status": CampaignStatus.ACTIVE if plan.ended is None else CampaignStatus.ENDED,
            "starts_on": day(plan.started),
            "ends_on": day(plan.ended),
            "budget_minor": plan.budget_minor,
            "cost_minor": plan.cost_minor,
            "currency": "EUR",
            "description": None,
            "source_system": SYSTEM,
            "external_id": plan.key,
            "owner_id": self._users[1],
            "parent_id": None,
        }

    async def _record_touches(self) -> None:
        for user, items in self._touches.items():
            self._uow.caller = self._acting(user)
            for result in await TouchpointService(self._uow).record_batch(items):
                if result.error is not None:
                    raise result.error
            self._counts["touchpoints"] += len(items)
        self._touches = {}

    @singledispatchmethod
    async def _do(self, step: history.Step) -> None:
        raise NotImplementedError(type(step).__name__)

    @_do.register
    async def _(self, step: history.Arrives) -> None:
        campaign_id = self._campaigns[step.campaign]
        candidate = Candidate(
            fields=step.fields | {"campaign_id": campaign_id},
            touches=[replace(step.touch, campaign_id=campaign_id)],
        )
        captured = await CaptureService(self._uow).capture(candidate, OnDuplicate.REFUSE)
        self._leads[step.lead] = captured.lead.id
        self._counts["leads"] += 1
        self._counts["touchpoints"] += 1

    @_do.register
    async def _(self, step: history.Touches) -> None:
        campaign_id = None if step.campaign is None else self._campaigns[step.campaign]
        touch = replace(step.touch, campaign_id=campaign_id)
        items = self._touches.setdefault(step.by, [])
        items.append(BatchItem(index=len(items), lead_id=self._leads[step.lead], touch=touch))

    @_do.register
    async def _(self, step: history.Changes) -> None:
        fields = dict(step.fields)
        if step.owner is not None:
            team = USERS[step.owner][2]
            fields |= {
                "owner_id": self._users[step.owner],
                "team_id": self._teams[team] if team else None,
            }
        await GatedLeadService(self._uow).update(self._leads[step.lead], fields, None)

    @_do.register
    async def _(self, step: history.Assesses) -> None:
        answers = answers_of(step.warmth, step.amount_minor, self._day_in(step.decides_in_days))
        new = NewAssessment(framework=BANT, answers=answers, note=None, assessed_at=None)
        await AssessmentService(self._uow).assess(self._leads[step.lead], new)
        self._counts["assessments"] += 1

    @_do.register
    async def _(self, step: history.Qualifies) -> None:
        await QualificationService(self._uow).qualify(self._leads[step.lead], None, None)

    @_do.register
    async def _(self, step: history.Disqualifies) -> None:
        lead_id = self._leads[step.lead]
        await QualificationService(self._uow).disqualify(lead_id, step.reason, step.note, None)

    @_do.register
    async def _(self, step: history.Returns) -> None:
        lead_id, note = self._leads[step.lead], "Wrote again: the project is back"
        await QualificationService(self._uow).reactivate(lead_id, Status.WORKING, note, None)

    @_do.register
    async def _(self, step: history.Converts) -> None:
        deal = {
            "amount_minor": step.amount_minor,
            "currency": "EUR",
            "closes_on": self._day_in(step.closes_in_days),
        }
        wanted = Wanted(opportunity=Choice(create=deal), on_match=OnMatch.LINK)
        lead_id, conversions = self._leads[step.lead], ConversionService(self._uow)
        try:
            conversion = await conversions.convert(lead_id, wanted, rehearse=False)
        except AlreadyExists as several:
            # Two look alike, as happens in any year of sales: people name one of them.
            named = replace(wanted, **_first_of(several.extra["candidates"]))
            conversion = await conversions.convert(lead_id, named, rehearse=False)
        if conversion.opportunity_id is not None:
            self._deals[step.lead] = conversion.opportunity_id
            self._counts["opportunities"] += 1

    @_do.register
    async def _(self, step: history.DealMoves) -> None:
        fields: dict[str, object] = {"stage_id": self._stages[step.stage]}
        if step.lost_reason:
            fields["lost_reason"] = step.lost_reason
        await OpportunityService(self._uow).update(self._deals[step.lead], fields, None)

    def _day_in(self, days: int) -> date:
        return (self._uow.now + timedelta(days=days)).date()


def _first_of(candidates: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first contact, which brings its account along, or the first account."""
    contacts = [found for found in candidates if found["type"] == "contact"]
    first = (contacts or candidates)[0]
    return {first["type"]: Choice(id=UUID(first["id"]))}
