"""Keeps the scores of leads, by every model that is live, in the transaction of what changes them.

Whoever stores touches or changes leads tells the keeper, after it has stored them: `new` of leads
that were not there before, `keep` of all others, `drop` of leads that are gone. While no model is
live none of it costs a statement.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.domain.leads.leads import Lead, advanced
from app.domain.leads.status import STAGE_INSTANTS, LifecycleStage
from app.domain.reach.events import Cause, CauseKind, EventType, difference
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.engagement import NOTHING
from app.domain.ripeness.score_keeping import (
    Gain,
    ShownScore,
    concerns,
    gained,
    may_advance,
    score_of_new,
    told_of,
)
from app.domain.ripeness.scoring import ScoringModel, fit_of, reached
from app.domain.ripeness.scoring_models import LeadScore
from app.repositories.ripeness.lead_scores import Scored
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.journal import record_moves
from app.services.leads.model_directory import MODELS


class ScoreKeeper:
    """Keeps scores for one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def new(self, leads: Iterable[tuple[Lead, Sequence[Touchpoint]]]) -> list[LeadScore]:
        """The scores of new leads with all their touches, to be stored along with them. A lead that
        has come to a stage by that is there already."""
        models = await MODELS.live(self._uow)
        if not models:
            return []
        scores = []
        for lead, touches in leads:
            for model in models:
                score = score_of_new(model, lead, touches, self._uow.now)
                scores.append(score)
                stage = self._stage_of(model, score, lead) if model.published else None
                if stage is not None:
                    changes = advanced(lead, stage, self._uow.now)
                    self._tell_move(model, lead.id, stage, vars(lead), changes)
                    vars(lead).update(changes)
        return scores

    async def keep(
        self,
        touches: Sequence[Touchpoint] = (),
        changed: Iterable[tuple[Lead, Collection[str]]] = (),
        anew: Collection[UUID] = (),
        held: Mapping[UUID, Lead] | None = None,
    ) -> None:
        """Bring the scores of leads up to date, all of which are locked.

        `touches` are new, count, and correct none; of leads that `changed` the names of the columns
        are told; of leads to be scored `anew` nothing is presumed. Where a lead is moved on, what
        is `held` of it in memory follows.
        """
        models = await MODELS.live(self._uow)
        known = dict(held or {})
        leads = list(changed) if models else []
        known |= {lead.id: lead for lead, _ in leads}
        for model in models:
            levels, limited = gained(model, [t for t in touches if t.lead_id not in anew])
            whole = limited | set(anew)
            fits = {
                lead.id: fit_of(model, lead)
                for lead, names in leads
                if lead.id not in whole and concerns(model, names)
            }
            gains = [
                Gain(
                    model=model,
                    lead_id=lead_id,
                    level=levels.get(lead_id, NOTHING),
                    fit=fits.get(lead_id),
                )
                for lead_id in sorted(levels.keys() | fits.keys())
            ]
            scored = await self._uow.lead_scores.gain(gains) if gains else []
            if model.published:
                # Of a model that is being published some leads have no score yet.
                whole |= {gain.lead_id for gain in gains} - {each.lead_id for each in scored}
            scored += await self._anew(model, whole) if whole else []
            if model.published:
                await self._follow(model, scored, known)

    async def drop(self, lead_ids: Collection[UUID]) -> None:
        """Forget the scores of leads that are gone."""
        models = await MODELS.live(self._uow)
        if models and lead_ids:
            await self._uow.lead_scores.drop([model.id for model in models], lead_ids)

    async def advance(
        self, lead_ids: Collection[UUID], held: Mapping[UUID, Lead] | None = None
    ) -> None:
        """Move on those of the leads, all of them locked, that have come to a stage."""
        model = await MODELS.published(self._uow)
        if model is not None and lead_ids:
            present = await self._uow.lead_scores.present(model.id, lead_ids)
            await self._move(model, present, held or {})

    async def shown(self, scores: Iterable[LeadScore]) -> ShownScore | None:
        """Of the scores of a lead the one that people see, as it is now."""
        model = await MODELS.published(self._uow)
        return next(
            (
                ShownScore.of(score, model, self._uow.now)
                for score in scores
                if model is not None and score.model_id == model.id
            ),
            None,
        )

    async def show(self, lead: Lead) -> Lead:
        """The lead, with its score as it is now."""
        model = await MODELS.published(self._uow)
        stored = {}
        if model is not None:
            stored = await self._uow.score_recompute.stored(model.id, [lead.id])
        vars(lead)["score"] = stored.get(lead.id)
        await show_scores(self._uow, [lead])
        return lead

    async def _anew(self, model: ScoringModel, lead_ids: Collection[UUID]) -> list[Scored]:
        if not model.published:
            await self._uow.score_recompute.store(model, lead_ids)
            return []
        present = await self._uow.lead_scores.present(model.id, lead_ids)
        stored = await self._uow.score_recompute.recompute(model, lead_ids)
        after = {score.lead_id: score for score in stored}
        return [replace(each, after=after.get(each.lead_id)) for each in present]

    async def _follow(
        self, model: ScoringModel, scored: Sequence[Scored], held: Mapping[UUID, Lead]
    ) -> None:
        """Tell of other grades, and move on whoever has come to a stage."""
        for each in scored:
            if each.before is None or each.after is None:
                continue
            before = each.before.standing(model, each.before.scored_at)
            after = each.after.standing(model, self._uow.now)
            if before.grade != after.grade:
                told = told_of(before, after) | {"cause": _cause(model).told()}
                lead_id = each.lead_id
                self._uow.record(
                    EventType.LEAD_GRADE_CHANGED, "lead", lead_id, told, lead_id=lead_id
                )
        await self._move(model, scored, held)

    async def _move(
        self, model: ScoringModel, scored: Sequence[Scored], held: Mapping[UUID, Lead]
    ) -> None:
        stages = {
            each.lead_id: (stage, each)
            for each in scored
            if each.score is not None and (stage := self._stage_of(model, each.score, each))
        }
        if not stages:
            return
        moved = await self._uow.lead_scores.move_on({k: stage for k, (stage, _) in stages.items()})
        for lead_id, changes in moved.items():
            stage, each = stages[lead_id]
            before = {"lifecycle_stage": each.lifecycle_stage}
            self._tell_move(model, lead_id, stage, before, changes)
            if lead_id in held:
                vars(held[lead_id]).update(changes)

    def _stage_of(
        self, model: ScoringModel, score: LeadScore, lead: Lead | Scored
    ) -> LifecycleStage | None:
        stage = reached(model, score.standing(model, self._uow.now))
        return stage if stage is not None and may_advance(lead, stage) else None

    def _tell_move(
        self,
        model: ScoringModel,
        lead_id: UUID,
        stage: LifecycleStage,
        before: Mapping[str, Any],
        changes: Mapping[str, Any],
    ) -> None:
        told = {name: changes[name] for name in ("lifecycle_stage", STAGE_INSTANTS[stage])}
        record_moves(self._uow, lead_id, difference(before, told), _cause(model))


async def show_scores(uow: UnitOfWork, leads: Iterable[Lead]) -> None:
    """Turn the scores of leads that were read with them, as they are stored, to what they are
    worth now."""
    for lead in leads:
        columns: dict[str, Any] = vars(lead)
        score: LeadScore | None = columns["score"]
        if score is not None:
            model = await MODELS.version(uow, score.model_id)
            columns["score"] = ShownScore.of(score, model, uow.now)


def _cause(model: ScoringModel) -> Cause:
    return Cause(CauseKind.SCORING, model.id, model.title)
